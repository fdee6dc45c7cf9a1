import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  applyDiskSnapshot,
  listDiskSnapshots,
  takeDiskSnapshot,
} from "../../../launcher/disks/disk-snapshots.ts";
import type { SnapshotNode } from "../../../launcher/model/snapshot-nodes.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { runProcess } from "../../support/test-process.ts";

let cleanup: CleanupStack;
let nodes: SnapshotNode[];
beforeEach(async () => {
  cleanup = new CleanupStack();
  const folder = await cleanup.makeFolder();
  nodes = [];
  for (const name of ["overlay", "disk-1"]) {
    const file = join(folder, `${name}.qcow2`);
    await runProcess("qemu-img", ["create", "-q", "-f", "qcow2", file, "4M"]);
    nodes.push({ name, file });
  }
});
afterEach(() => cleanup.close());

const tagsOf = async (node: SnapshotNode) =>
  (await listDiskSnapshots("qemu-img", [node])).map(({ name }) => name);

test("a snapshot of several disks is of all of them, or of none", async () => {
  await takeDiskSnapshot("qemu-img", nodes, "u-one");
  expect(await Promise.all(nodes.map(tagsOf))).toEqual([["u-one"], ["u-one"]]);
  await rm(nodes[1]!.file);
  await expect(takeDiskSnapshot("qemu-img", nodes, "u-two")).rejects.toThrow();
  expect(await tagsOf(nodes[0]!)).toEqual(["u-one"]);
});

test("no disk is brought back to a snapshot that another one lacks", async () => {
  const [first] = nodes;
  await runProcess("qemu-io", ["-c", "write -P 1 0 64k", first!.file]);
  await takeDiskSnapshot("qemu-img", [first!], "u-one");
  await runProcess("qemu-io", ["-c", "write -P 2 0 64k", first!.file]);
  await expect(applyDiskSnapshot("qemu-img", nodes, "u-one")).rejects.toMatchObject({
    code: "SNAPSHOT_UNKNOWN",
  });
  const read = await runProcess("qemu-io", ["-r", "-c", "read -P 2 0 64k", first!.file]);
  expect(read.stdout).toMatch(/^read 65536\/65536/);
  expect(read.stdout).not.toMatch(/verification failed/);
  await takeDiskSnapshot("qemu-img", [nodes[1]!], "u-one");
  await applyDiskSnapshot("qemu-img", nodes, "u-one");
  const back = await runProcess("qemu-io", ["-r", "-c", "read -P 1 0 64k", first!.file]);
  expect(back.stdout).toMatch(/^read 65536\/65536/);
  expect(back.stdout).not.toMatch(/verification failed/);
});
