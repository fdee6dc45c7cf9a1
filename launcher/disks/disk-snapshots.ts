import { RequestError } from "../../protocol/index.ts";
import type { SnapshotNode } from "../model/snapshot-nodes.ts";
import { readGuestDiskInfo, changeDisk, type SnapshotInfo } from "./machine-disks.ts";
import { openGuestDisk } from "./guest-disk.ts";

/** Snapshots of a machine that is off: of its disks alone, by qemu-img. */

/** The snapshots in the first disk; empty if it does not exist yet. */
export async function listDiskSnapshots(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
): Promise<SnapshotInfo[]> {
  const [first] = nodes;
  return first === undefined ? [] : (await readGuestDiskInfo(qemuImg, first.file)).snapshots;
}

/** Of all disks, or of none. */
export async function takeDiskSnapshot(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
  tag: string,
): Promise<void> {
  const taken: SnapshotNode[] = [];
  try {
    for (const node of nodes) {
      await snapshotCommand(qemuImg, "-c", tag, node.file);
      taken.push(node);
    }
  } catch (error) {
    await deleteDiskSnapshot(qemuImg, taken, tag).catch(() => undefined);
    throw error;
  }
}

/**
 * Nothing is changed where a disk lacks the snapshot: disks of different times do not fit together.
 * @throws RequestError `SNAPSHOT_UNKNOWN`
 */
export async function applyDiskSnapshot(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
  tag: string,
): Promise<void> {
  for (const { file } of nodes) {
    const { snapshots } = await readGuestDiskInfo(qemuImg, file);
    if (snapshots.some(({ name }) => name === tag)) continue;
    const text = "Not all disks of the machine have this snapshot, so none is brought back to it. Delete it.";
    throw RequestError.public("SNAPSHOT_UNKNOWN", text);
  }
  for (const { file } of nodes) await snapshotCommand(qemuImg, "-a", tag, file);
}

/** Skips disks without this tag. */
export async function deleteDiskSnapshot(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
  tag: string,
): Promise<void> {
  for (const { file } of nodes) {
    const { snapshots } = await readGuestDiskInfo(qemuImg, file);
    if (snapshots.some(({ name }) => name === tag)) await snapshotCommand(qemuImg, "-d", tag, file);
  }
}

async function snapshotCommand(qemuImg: string, action: string, tag: string, file: string): Promise<void> {
  await changeDisk(qemuImg, ["snapshot", "-q", action, tag, await openGuestDisk(file, null)]);
}
