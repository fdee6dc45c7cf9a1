import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import { statfsSync } from "node:fs";

const MIB = 1024 * 1024;

export interface CapacityAmount {
  readonly total: number;
  readonly free: number;
}

/** What the host can give now. Memory and disk in MiB. */
export interface HostCapacity {
  readonly cpus: number;
  /** Free: less what is kept for the host, and what running machines were promised and have not touched yet. */
  readonly memoryMb: CapacityAmount;
  readonly diskMb: CapacityAmount;
  /** One-minute load average per processor. */
  readonly load: number;
  readonly maxLoad: number;
  readonly instances: { readonly running: number; readonly max: number };
}

/** Memory that a running machine was promised, and how much of it it holds already, in MiB. */
export interface PromisedMemory {
  readonly promisedMb: number;
  readonly residentMb: number;
}

/** What the administrator decides about a host. */
export interface HostLimits {
  /** Machines that are not stopped. */
  readonly maxInstances: number;
  /** Load average per processor above which no machine is started. */
  readonly maxLoad: number;
  /** MiB kept for the host itself. */
  readonly memoryReserveMb: number;
  /** GiB of one person's data disks; absent: no limit. */
  readonly userDataGb?: number;
  /** GiB that images from the server may take; 0: none of them is taken. Absent: no limit but the disk. */
  readonly serverImagesGb?: number;
}

/**
 * Looks at what the host can give now. A guest takes its memory page by page, so what was promised and not yet taken
 * has to be subtracted from what is free.
 * @param promises one for each machine that is not stopped
 * @param folder where machines' disks grow
 */
export function measureHostCapacity(
  limits: HostLimits,
  promises: readonly PromisedMemory[],
  folder: string,
): HostCapacity {
  const owed = promises.reduce((sum, one) => sum + Math.max(0, one.promisedMb - one.residentMb), 0);
  const free = Math.min(freemem(), process.availableMemory()) / MIB;
  const cpus = availableParallelism();
  const disk = statfsSync(folder);
  return {
    cpus,
    memoryMb: {
      total: Math.floor(totalmem() / MIB),
      free: Math.max(0, Math.floor(free - limits.memoryReserveMb - owed)),
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
