import { advice, missing, ok, type Finding } from "../../finding.ts";
import type { RoomFacts } from "../facts.ts";

const GIB = 1024 ** 3;
const ONE_DESKTOP_BYTES = 2 * GIB;
const SMALLEST_MACHINE_BYTES = 256 * 1024 ** 2;
const SOME_DISKS_BYTES = 20 * GIB;
const SMALLEST_DISK_BYTES = GIB;

export function checkRoomOfHost(room: RoomFacts): Finding[] {
  return [checkMemory(room), checkDisk(room)];
}

function checkMemory({ memoryBytes, memoryFreeBytes, processors }: RoomFacts): Finding {
  const text = `${gib(memoryFreeBytes)} of ${gib(memoryBytes)} GiB of memory are free; ${processors} processors.`;
  const remedy = "Close other programs, or add memory: a desktop needs about 2 GiB.";
  if (memoryFreeBytes < SMALLEST_MACHINE_BYTES) return missing("memory", text, remedy);
  return memoryFreeBytes < ONE_DESKTOP_BYTES ? advice("memory", text, remedy) : ok("memory", text);
}

function checkDisk({ folder, diskFreeBytes }: RoomFacts): Finding {
  const text = `${gib(diskFreeBytes)} GiB are free where machines live (${folder}).`;
  const remedy = "Remove old machines and images, or give --state a folder on a bigger disk.";
  if (diskFreeBytes < SMALLEST_DISK_BYTES) return missing("disk", text, remedy);
  return diskFreeBytes < SOME_DISKS_BYTES ? advice("disk", text, remedy) : ok("disk", text);
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}
