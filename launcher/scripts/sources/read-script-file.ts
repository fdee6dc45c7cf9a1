import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { sep } from "node:path";
import { MAX_SCRIPT_BYTES } from "../plan-scripts.ts";
import { quoteText, scriptError } from "../script-error.ts";

/**
 * Reads a script of this host. Only files in the administrator's folder are allowed, also through links.
 * @param folder null: no script is read from files here
 * @throws LaunchError `SCRIPT_PATH`, `SCRIPT_LONG`
 */
export async function readScriptFile(path: string, folder: string | null): Promise<string> {
  if (folder === null) {
    const text =
      "This host reads no boot scripts from its files. Its administrator can name a folder for them.";
    throw scriptError("SCRIPT_PATH", text);
  }
  // The same text for all: it must not reveal which files exist elsewhere.
  const refusal = (cause?: unknown): Error =>
    scriptError(
      "SCRIPT_PATH",
      `There is no boot script ${quoteText(path)} in this host's folder for them.`,
      cause,
    );
  let real: string;
  let root: string;
  try {
    [real, root] = [await realpath(path), await realpath(folder)];
  } catch (cause) {
    throw refusal(cause);
  }
  if (!real.startsWith(root + sep)) throw refusal();
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      throw refusal(cause);
    },
  );
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw refusal();
    const bytes = Buffer.alloc(MAX_SCRIPT_BYTES + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    if (bytesRead > MAX_SCRIPT_BYTES)
      throw scriptError("SCRIPT_LONG", `A boot script may have at most ${MAX_SCRIPT_BYTES / 1024} KiB.`);
    return bytes.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
