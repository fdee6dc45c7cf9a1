import type { DiskRecord } from "../disks/disk-record.ts";
import type { DiskHolder } from "../disks/disk-rules.ts";
import type { ManagedMachine } from "../machine/managed-machine.ts";

/**
 * A data disk is locked by the record of its machine, so the lock lasts exactly as long as the machine needs it. Of a
 * machine whose record is damaged the disk's own record tells.
 */
export function listDiskHolders(
  machines: Iterable<ManagedMachine>,
  disks: readonly DiskRecord[],
): DiskHolder[] {
  return [...machines].filter(holdsDataDisk).flatMap(({ spec, ended, isStandIn }) => {
    const { id, owner, name: machine, dataDisk } = spec;
    if (isStandIn)
      return disks
        .filter(({ givenTo }) => givenTo === id)
        .map((disk) => ({ owner: disk.owner, name: disk.name, machine, saved: false }));
    return dataDisk === undefined ? [] : [{ owner, name: dataDisk.name, machine, saved: ended }];
  });
}

/** A saved memory fits only the data disk as it was then: no other machine may write to it meanwhile. */
export function holdsDataDisk({ ended, lifecycle }: ManagedMachine): boolean {
  return !ended || lifecycle.saved !== undefined;
}
