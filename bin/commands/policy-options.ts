import { InvalidArgumentError, Option } from "commander";
import { permission } from "../../web/index.ts";
import type { z } from "zod";

export type Permission = z.infer<typeof permission>;

/** `--deny`, for whatever opens a session. */
export function denyOption(): Option {
  return new Option(
    "--deny <what,…>",
    `what its holder may not do: ${permission.options.join(", ")}; files are never passed on`,
  ).argParser(parseDenied);
}

/** @throws InvalidArgumentError */
function parseDenied(text: string): Permission[] {
  const names = text.split(",").filter((name) => name !== "");
  return [...new Set(names)].map((name) => {
    const parsed = permission.safeParse(name);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${name} is none of ${permission.options.join(", ")}.`);
  });
}
