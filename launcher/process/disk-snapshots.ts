import type { SnapshotNode } from "../argv/snapshot-nodes.ts";
import { escapeValue } from "../argv/values.ts";
import { readImageInfo, runQemuImg, type SnapshotInfo } from "./disks.ts";

/** Snapshots of a machine that is off: of its disks alone, by qemu-img. */

/** What the first disk holds; empty while there is none yet. */
export async function listDiskSnapshots(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
): Promise<SnapshotInfo[]> {
  const [first] = nodes;
  return first === undefined ? [] : (await readImageInfo(qemuImg, first.file, "qcow2")).snapshots;
}

export async function takeDiskSnapshot(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
  tag: string,
): Promise<void> {
  for (const { file } of nodes) await snapshotCommand(qemuImg, "-c", tag, file);
}

export async function applyDiskSnapshot(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
  tag: string,
): Promise<void> {
  for (const { file } of nodes) await snapshotCommand(qemuImg, "-a", tag, file);
}

/** Bears disks that have none of this tag. */
export async function dropDiskSnapshot(
  qemuImg: string,
  nodes: readonly SnapshotNode[],
  tag: string,
): Promise<void> {
  for (const { file } of nodes) {
    const { snapshots } = await readImageInfo(qemuImg, file, "qcow2");
    if (snapshots.some(({ name }) => name === tag)) await snapshotCommand(qemuImg, "-d", tag, file);
  }
}

async function snapshotCommand(qemuImg: string, action: string, tag: string, file: string): Promise<void> {
  // The format is named here too.
  const options = `driver=qcow2,file.driver=file,file.filename=${escapeValue(file)}`;
  await runQemuImg(qemuImg, ["snapshot", "-q", action, tag, "--image-opts", options]);
}
