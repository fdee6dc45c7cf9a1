import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** A guest that stood still for want of room goes on when there is this much. */
const NEEDED_BYTES = 16 * 1024 * 1024;

/** Whether the file systems of these files have room again. */
export async function hasFreeSpace(files: readonly string[]): Promise<boolean> {
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < NEEDED_BYTES) return false;
  }
  return true;
}
