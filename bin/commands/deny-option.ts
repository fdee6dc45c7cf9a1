import { InvalidArgumentError, Option } from "commander";
import { permission } from "../../web/api/schemas.ts";
import type { z } from "zod";

export type DeniedPermission = z.infer<typeof permission>;

/** `--deny`, for all commands that open a session. */
export function createDenyOption(): Option {
  return new Option(
    "--deny <what,…>",
    `what its holder may not do: ${permission.options.join(", ")}; files are never passed on; repeatable`,
  ).argParser(parseDenied);
}

/**
 * @param before what the option said already on this command line: nothing of it is given back
 * @throws InvalidArgumentError
 */
function parseDenied(text: string, before: readonly string[] = []): DeniedPermission[] {
  const names = text.split(",").filter((name) => name !== "");
  return [...new Set([...before, ...names])].map((name) => {
    const parsed = permission.safeParse(name);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${name} is none of ${permission.options.join(", ")}.`);
  });
}
