import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";

export interface CapacityFacts {
  readonly memoryBytes: number;
  readonly memoryFreeBytes: number;
  readonly processors: number;
  /** Where machines live. */
  readonly folder: string;
  readonly diskFreeBytes: number;
}

/** @param folder the state folder; it need not exist yet */
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

const GIB = 1024 ** 3;
const ONE_DESKTOP_BYTES = 2 * GIB;
const SMALLEST_MACHINE_BYTES = 256 * 1024 ** 2;
const SOME_DISKS_BYTES = 20 * GIB;
const SMALLEST_DISK_BYTES = GIB;

export function checkCapacity(capacity: CapacityFacts): Finding[] {
  return [checkMemory(capacity), checkDisk(capacity)];
}

function checkMemory({ memoryBytes, memoryFreeBytes, processors }: CapacityFacts): Finding {
  const text = `${gib(memoryFreeBytes)} of ${gib(memoryBytes)} GiB of memory are free; ${processors} processors.`;
  const remedy = "Close other programs, or add memory: a desktop needs about 2 GiB.";
  if (memoryFreeBytes < SMALLEST_MACHINE_BYTES) return missingFinding("memory", text, remedy);
  return memoryFreeBytes < ONE_DESKTOP_BYTES
    ? adviceFinding("memory", text, remedy)
    : okFinding("memory", text);
}

function checkDisk({ folder, diskFreeBytes }: CapacityFacts): Finding {
  const text = `${gib(diskFreeBytes)} GiB are free where machines live (${folder}).`;
  const remedy = "Remove old machines and images, or give --state a folder on a bigger disk.";
  if (diskFreeBytes < SMALLEST_DISK_BYTES) return missingFinding("disk", text, remedy);
  return diskFreeBytes < SOME_DISKS_BYTES ? adviceFinding("disk", text, remedy) : okFinding("disk", text);
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}
