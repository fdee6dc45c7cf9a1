import type { DiskHolder } from "../disks/disk-rules.ts";
import type { ManagedMachine } from "../machine/managed-machine.ts";

/** A data disk is locked by the record of its machine, so the lock lasts exactly as long as the machine needs it. */
export function listDiskHolders(machines: Iterable<ManagedMachine>): DiskHolder[] {
  return [...machines].filter(holdsDataDisk).flatMap(({ spec, ended }) => {
    const { owner, name: machine, dataDisk } = spec;
    return dataDisk === undefined ? [] : [{ owner, name: dataDisk.name, machine, saved: ended }];
  });
}

/** A saved memory fits only the data disk as it was then: no other machine may write to it meanwhile. */
export function holdsDataDisk({ ended, lifecycle }: ManagedMachine): boolean {
  return !ended || lifecycle.saved !== undefined;
}
