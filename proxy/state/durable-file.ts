import { randomBytes } from "node:crypto";
import { link, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, isMissing } from "../../protocol/index.ts";

/**
 * Makes a file, mode 0600, unless there is one. It appears complete or not at all, and only once: parallel starts read
 * the same. It survives a power failure when this returns.
 * @returns the file's content, which another process may have made
 */
export async function makeFileOnce(file: string, content: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Unlike a rename, a link never replaces another file.
    await link(draft, file).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
    await syncFolder(dirname(file));
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, "utf8");
}

/** Null: there is no such file. @throws the system's error when it cannot be known */
export async function readIfPresent(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Makes new and renamed entries of a folder survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
