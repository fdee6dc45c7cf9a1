import { LaunchError } from "../../protocol/index.ts";
import type { HostCapacity } from "./host-capacity.ts";

/** Less than this, and the host's own files are in danger. */
const MIN_DISK_MB = 512;

export interface WantedResources {
  readonly cpus: number;
  readonly memoryMb: number;
}

/**
 * Whether a host can take one more machine now. The sentence begins with what is short, so that several hosts'
 * sentences read as one list.
 * @throws LaunchError `HOST_CPUS`, `HOST_MEMORY`, `HOST_DISK`, `HOST_LOAD`, `HOST_INSTANCES`
 */
export function checkHostCapacity(wanted: WantedResources, room: HostCapacity): void {
  const { cpus, memoryMb, diskMb, load, maxLoad, instances } = room;
  if (wanted.cpus > cpus)
    refuse("HOST_CPUS", `processors: ${cpus} here, ${wanted.cpus} asked for. Ask for fewer.`);
  if (instances.running >= instances.max)
    refuse(
      "HOST_INSTANCES",
      `machines: ${instances.running} of ${instances.max} run. Stop another one first.`,
    );
  if (wanted.memoryMb > memoryMb.free) {
    const shortage = `${inGb(memoryMb.free)} of ${inGb(memoryMb.total)} GB free, ${inGb(wanted.memoryMb)} GB asked for`;
    refuse("HOST_MEMORY", `memory: ${shortage}. Stop another machine or ask for less.`);
  }
  if (diskMb.free < MIN_DISK_MB)
    refuse(
      "HOST_DISK",
      `disk: ${inGb(diskMb.free)} of ${inGb(diskMb.total)} GB free. Delete a machine first.`,
    );
  if (load > maxLoad)
    refuse("HOST_LOAD", `load: ${load.toFixed(1)} of ${maxLoad.toFixed(1)} per processor. Try again later.`);
}

/** `1.2`, `4`: GiB as people say them. */
function inGb(mib: number): string {
  const gib = mib / 1024;
  return gib >= 10 ? gib.toFixed(0) : gib.toFixed(gib < 0.1 ? 2 : 1).replace(/\.0+$/, "");
}

function refuse(code: string, text: string): never {
  throw LaunchError.public(code, text);
}
