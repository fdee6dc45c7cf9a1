import type { MachinePaths } from "./machine-paths.ts";
import type { MachineSpec } from "./machine-spec.ts";
import { firmwareFiles } from "./firmware.ts";

/** A writable qcow2 of a machine: QEMU's name for it, and its file. */
export interface SnapshotNode {
  readonly name: string;
  readonly file: string;
}

type SnapshotSpec = Pick<MachineSpec, "boot" | "extraDisks" | "master" | "emptyDisk" | "arch" | "firmware">;

/** QEMU's name for a further disk of the image. @param index from 0 */
export function extraDiskNode(index: number): string {
  return `disk${index + 1}`;
}

/** Whether the machine writes to a disk, and how. `foreign`: one that can hold no snapshots. */
export function systemDisk(spec: SnapshotSpec): "own" | "master" | "foreign" | "none" {
  if (spec.boot.kind !== "disk") return spec.emptyDisk ? "own" : "none";
  if (!spec.master) return "own";
  return spec.boot.format === "qcow2" ? "master" : "foreign";
}

/** Whether a separate image holds the memory, because there is no other qcow2. */
export function needsMemoryHolder(spec: SnapshotSpec): boolean {
  return systemDisk(spec) === "none" && firmwareFiles(spec) === null;
}

/**
 * All nodes that one snapshot includes; the first also holds the memory. Empty: the machine writes to a disk that
 * cannot hold snapshots.
 */
export function snapshotNodes(spec: SnapshotSpec, paths: MachinePaths): SnapshotNode[] {
  const disk = systemDisk(spec);
  if (disk === "foreign") return [];
  const nodes: SnapshotNode[] = [];
  if (disk === "own") nodes.push({ name: "disk0", file: paths.overlay });
  for (const index of (spec.extraDisks ?? []).keys())
    nodes.push({ name: extraDiskNode(index), file: paths.extraOverlay(index) });
  if (disk === "master" && spec.boot.kind === "disk") nodes.push({ name: "disk0", file: spec.boot.file });
  if (firmwareFiles(spec) !== null) nodes.push({ name: "vars0", file: paths.firmwareVars });
  if (needsMemoryHolder(spec)) nodes.push({ name: "state0", file: paths.memoryHolder });
  return nodes;
}
