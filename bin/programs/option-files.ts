import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { ConfigError } from "../../protocol/index.ts";

const LF = 0x0a;
const CR = 0x0d;

/**
 * A secret in a file (`-`: standard input): the whole content without one trailing line end.
 * @throws ConfigError `FILE_UNREADABLE`, `FILE_EMPTY`
 */
export async function readSecretFile(path: string): Promise<string> {
  const secret = (await readText(path)).replace(/\r?\n$/, "");
  if (secret === "") throw new ConfigError("FILE_EMPTY", `${path} is empty.`);
  return secret;
}

/**
 * The same as bytes, whatever their encoding is.
 * @throws ConfigError `FILE_UNREADABLE`, `FILE_EMPTY`
 */
export async function readSecretBytes(path: string): Promise<Buffer> {
  const content = await readBytes(path);
  const hasLineEnd = content.at(-1) === LF;
  const lineEnd = hasLineEnd ? (content.at(-2) === CR ? 2 : 1) : 0;
  const secret = content.subarray(0, content.length - lineEnd);
  if (secret.length === 0) throw new ConfigError("FILE_EMPTY", `${path} is empty.`);
  return secret;
}

/** @throws ConfigError `FILE_UNREADABLE` */
export async function readText(path: string): Promise<string> {
  return (await readBytes(path)).toString("utf8");
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return path === "-" ? await buffer(process.stdin) : await readFile(path);
  } catch (cause) {
    throw new ConfigError("FILE_UNREADABLE", `${path} cannot be read. Check the path and its permissions.`, {
      cause,
    });
  }
}
