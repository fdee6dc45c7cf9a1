import { adviceFinding, missingFinding, okFinding, type Finding } from "../../model/finding.ts";
import type { CapacityFacts } from "../doctor-facts.ts";

const GIB = 1024 ** 3;
const ONE_DESKTOP_BYTES = 2 * GIB;
const SMALLEST_MACHINE_BYTES = 256 * 1024 ** 2;
const SOME_DISKS_BYTES = 20 * GIB;
const SMALLEST_DISK_BYTES = GIB;

export function checkCapacity(room: CapacityFacts): Finding[] {
  return [checkMemory(room), checkDisk(room)];
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
