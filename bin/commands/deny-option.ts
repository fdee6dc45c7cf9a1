import { InvalidArgumentError, Option } from "commander";
import { permission } from "../../web/api/schemas.ts";
import type { z } from "zod";

export type DeniedPermission = z.infer<typeof permission>;

/** `--deny`, for all commands that open a session. */
export function createDenyOption(): Option {
  return new Option(
    "--deny <what,…>",
    `what its holder may not do: ${permission.options.join(", ")}; files are never passed on`,
  ).argParser(parseDenied);
}

/** @throws InvalidArgumentError */
function parseDenied(text: string): DeniedPermission[] {
  const names = text.split(",").filter((name) => name !== "");
  return [...new Set(names)].map((name) => {
    const parsed = permission.safeParse(name);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${name} is none of ${permission.options.join(", ")}.`);
  });
}
