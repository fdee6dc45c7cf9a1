import type { MachineRecord } from "../../proxy/index.ts";

/** What one person has. */
export interface Usage {
  readonly machines: number;
  /** Of machines that are not off. */
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** Data disks that a machine has now, by name, with the machine's name. */
  readonly dataDisks: ReadonlyMap<string, string>;
}

const OFF = new Set<MachineRecord["state"]>(["stopped", "failed"]);

/** @param except a machine that is left out: it asks for itself */
export function countUsage(records: readonly MachineRecord[], ownerId: string, except?: string): Usage {
  const own = records.filter((record) => record.ownerId === ownerId && record.id !== except);
  const on = own.filter((record) => !OFF.has(record.state));
  return {
    machines: own.length,
    cpus: sum(on, ({ cpus }) => cpus),
    memoryMb: sum(on, ({ memoryMb }) => memoryMb),
    diskGb: sum(own, ({ wish }) => wish.diskGb ?? 0),
    dataDisks: new Map(
      on.flatMap(({ name, wish }) => (wish.dataDisk === undefined ? [] : [[wish.dataDisk.name, name]])),
    ),
  };
}

function sum(records: readonly MachineRecord[], part: (record: MachineRecord) => number): number {
  return records.reduce((total, record) => total + part(record), 0);
}
