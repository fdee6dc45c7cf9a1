import type { DiskHolder } from "../disks/disk-rules.ts";
import type { ManagedMachine } from "../machine/managed-machine.ts";

/** The lock on a data disk is its machine's own record, so it survives and ends as the machine does. */
export function listDiskHolders(machines: Iterable<ManagedMachine>): DiskHolder[] {
  return [...machines].filter(holdsDisk).flatMap(({ spec, ended }) => {
    const { owner, name: machine, dataDisk } = spec;
    return dataDisk === undefined ? [] : [{ owner, name: dataDisk.name, machine, saved: ended }];
  });
}

/** A memory on disk knows the data disk as it was when it was saved: nobody may write to it meanwhile. */
export function holdsDisk({ ended, lifecycle: life }: ManagedMachine): boolean {
  return !ended || life.saved !== undefined;
}
