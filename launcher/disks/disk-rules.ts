import type { DiskRef } from "../../protocol/index.ts";
import { diskKey, type DiskRecord } from "./disk-record.ts";

/** What a machine asks for. */
export interface DiskRequest extends DiskRef {
  readonly sizeGb: number;
}

/** A machine that has a disk: it runs, or its saved memory depends on the disk's present content. */
export interface DiskHolder extends DiskRef {
  readonly machine: string;
  readonly saved: boolean;
}

export interface DiskRejection {
  readonly code: "HOST_DATA_DISK" | "DISK_IN_USE" | "DISK_TRAVELS" | "DISK_QUOTA";
  readonly text: string;
}

/**
 * Why a machine cannot have a disk; null: it can. The copy here must be the current one, no other machine may have it,
 * and it must fit into the owner's quota.
 * @param quotaGb GiB of all disks of one owner on this host
 */
export function findDiskFault(
  request: DiskRequest,
  records: readonly DiskRecord[],
  holders: readonly DiskHolder[],
  quotaGb: number,
): DiskRejection | null {
  if (request.owner === "")
    return { code: "HOST_DATA_DISK", text: "data disk: nobody is known whose disk it would be." };
  const fault = findBusyFault(request, records, holders);
  if (fault !== null) return fault;
  const own = records.filter(({ owner }) => owner === request.owner);
  const present = own.find(({ name }) => name === request.name);
  const used = own.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
  const more = Math.max(0, request.sizeGb - (present?.sizeGb ?? 0));
  // An existing disk may be used even if the quota was reduced.
  if (more === 0 || used + more <= quotaGb) return null;
  const text = `data disks: ${used} of ${quotaGb} GB in use, ${more} GB more asked for. Delete one, or ask for less.`;
  return { code: "DISK_QUOTA", text };
}

/** Why a disk cannot be changed now; null: it is idle. */
export function findBusyFault(
  ref: DiskRef,
  records: readonly DiskRecord[],
  holders: readonly DiskHolder[],
): DiskRejection | null {
  const key = diskKey(ref);
  const holder = holders.find((one) => diskKey(one) === key);
  if (holder !== undefined) {
    const text = holder.saved
      ? `The machine ${holder.machine} is saved and goes on with the data disk ${ref.name}. Start and stop it, or delete it first.`
      : `The machine ${holder.machine} has the data disk ${ref.name} now. Stop it first, or choose another disk.`;
    return { code: "DISK_IN_USE", text };
  }
  const record = records.find((one) => diskKey(one) === key);
  if (record === undefined || isSettled(record)) return null;
  const text = `The data disk ${ref.name} is on its way from one host to another. Try again in a moment.`;
  return { code: "DISK_TRAVELS", text };
}

/** Whether the copy here is the disk, and not in transfer. */
function isSettled({ standing }: DiskRecord): boolean {
  return standing.state === "new" || standing.state === "here";
}
