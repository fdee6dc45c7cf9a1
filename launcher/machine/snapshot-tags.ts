import type { MachineSnapshot } from "../../protocol/index.ts";
import type { SnapshotInfo } from "../disks/machine-disks.ts";

/** The memory of a saved machine. No name of a person's can become this tag. */
export const SAVED_TAG = ".saved";

/** Names get a prefix: qcow2 numbers its snapshots, and takes a bare number for that number. */
const PREFIX = "u-";

export function toSnapshotTag(name: string): string {
  return `${PREFIX}${name}`;
}

/** The snapshots that people made, the oldest first. */
export function describeSnapshots(found: readonly SnapshotInfo[]): MachineSnapshot[] {
  return found
    .filter(({ name }) => name.startsWith(PREFIX))
    .map((one) => ({
      name: one.name.slice(PREFIX.length),
      createdAt: one["date-sec"] * 1000 + Math.floor(one["date-nsec"] / 1_000_000),
      withMemory: one["vm-state-size"] > 0,
      bytes: one["vm-state-size"],
    }))
    .sort((one, other) => one.createdAt - other.createdAt);
}
