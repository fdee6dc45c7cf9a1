import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import type { CapacityFacts } from "../doctor-facts.ts";

/** @param folder where machines live, or will once it is made */
export async function collectCapacityFacts(folder: string): Promise<CapacityFacts> {
  return {
    memoryBytes: totalmem(),
    memoryFreeBytes: Math.min(freemem(), process.availableMemory()),
    processors: availableParallelism(),
    folder,
    diskFreeBytes: await freeBytes(folder),
  };
}

/** Of the file system that holds a folder, or the nearest one above that exists. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(folder);
    if (above === folder) throw error;
    return freeBytes(above);
  }
}
