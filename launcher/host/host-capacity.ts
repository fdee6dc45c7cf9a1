import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import { statfsSync } from "node:fs";
import { LaunchError } from "../../protocol/index.ts";

const MIB = 1024 * 1024;
/** With less than this, the host's own files are at risk. */
const MIN_DISK_MB = 512;

interface CapacityAmount {
  readonly total: number;
  readonly free: number;
}

/** What the host has available. Memory and disk in MiB. */
export interface HostCapacity {
  readonly cpus: number;
  /** Free: without what is reserved for the host, and what running machines were promised and do not use yet. */
  readonly memoryMb: CapacityAmount;
  readonly diskMb: CapacityAmount;
  /** One-minute load average per processor. */
  readonly load: number;
  readonly maxLoad: number;
  readonly instances: { readonly running: number; readonly max: number };
}

/** The memory of a running machine, and how much of it is resident, in MiB. */
interface PromisedMemory {
  readonly promisedMb: number;
  readonly residentMb: number;
}

/** The administrator's limits for a host. */
export interface HostLimits {
  /** Machines that run at the same time. */
  readonly maxInstances: number;
  /** Load average per processor above which no machine is started. */
  readonly maxLoad: number;
  /** MiB kept for the host itself. */
  readonly memoryReserveMb: number;
  /** GiB of one person's data disks; absent: no limit. */
  readonly userDataGb?: number;
  /** GiB that images from the server may take; 0: none are taken. Absent: the disk is the only limit. */
  readonly serverImagesGb?: number;
}

/**
 * Measures what the host has available. A guest takes its memory page by page, so what was promised and is not yet
 * resident has to be subtracted from what is free.
 * @param promises one for each machine that is not stopped
 * @param folder where the machines' disks are
 */
export function measureHostCapacity(
  limits: HostLimits,
  promises: readonly PromisedMemory[],
  folder: string,
): HostCapacity {
  const promisedMb = promises.reduce((sum, one) => sum + Math.max(0, one.promisedMb - one.residentMb), 0);
  const free = Math.min(freemem(), process.availableMemory()) / MIB;
  const cpus = availableParallelism();
  const disk = statfsSync(folder);
  return {
    cpus,
    memoryMb: {
      total: Math.floor(totalmem() / MIB),
      free: Math.max(0, Math.floor(free - limits.memoryReserveMb - promisedMb)),
    },
    diskMb: {
      total: Math.floor((disk.blocks * disk.bsize) / MIB),
      free: Math.floor((disk.bavail * disk.bsize) / MIB),
    },
    load: (loadavg()[0] ?? 0) / cpus,
    maxLoad: limits.maxLoad,
    instances: { running: promises.length, max: limits.maxInstances },
  };
}

/**
 * Whether a host can run one more machine now. The sentence begins with what is short, so that the sentences of
 * several hosts read as one list.
 * @throws LaunchError `HOST_CPUS`, `HOST_MEMORY`, `HOST_DISK`, `HOST_LOAD`, `HOST_INSTANCES`
 */
export function checkHostCapacity(
  wanted: { readonly cpus: number; readonly memoryMb: number },
  { cpus, memoryMb, diskMb, load, maxLoad, instances }: HostCapacity,
): void {
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

/** GiB, rounded for people: `1.2`, `4`. */
function inGb(mib: number): string {
  const gib = mib / 1024;
  return gib >= 10 ? gib.toFixed(0) : gib.toFixed(gib < 0.1 ? 2 : 1).replace(/\.0+$/, "");
}

function refuse(code: string, text: string): never {
  throw LaunchError.public(code, text);
}
