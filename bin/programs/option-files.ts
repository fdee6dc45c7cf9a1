import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { ConfigError } from "../../protocol/index.ts";

/**
 * A secret in a file (`-`: standard input): the whole content without one trailing line end.
 * @throws ConfigError `FILE_UNREADABLE`, `FILE_EMPTY`
 */
export async function readSecretFile(path: string): Promise<string> {
  const secret = (await readText(path)).replace(/\r?\n$/, "");
  if (secret === "") throw new ConfigError("FILE_EMPTY", `${path} is empty.`);
  return secret;
}

/** @throws ConfigError `FILE_UNREADABLE` */
export async function readText(path: string): Promise<string> {
  try {
    return path === "-" ? await text(process.stdin) : await readFile(path, "utf8");
  } catch (cause) {
    throw new ConfigError("FILE_UNREADABLE", `${path} cannot be read. Check the path and its permissions.`, {
      cause,
    });
  }
}
