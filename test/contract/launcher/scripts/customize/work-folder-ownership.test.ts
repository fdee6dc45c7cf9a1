// What a disk must be when it comes back from an appliance that nobody trusts.
import { link, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  readHeaderReferences,
  takeBackDisk,
} from "../../../../../launcher/scripts/customize/work-folder-ownership.ts";
import { CleanupStack } from "../../../../support/cleanup-stack.ts";
import { runProcess } from "../../../../support/test-process.ts";

const runAs = { kind: "self" } as const;
let cleanup: CleanupStack;
let folder: string;
let disk: string;
let links: Buffer;
beforeEach(async () => {
  cleanup = new CleanupStack();
  folder = path.join(await cleanup.makeFolder(), "work");
  await mkdir(folder);
  disk = path.join(folder, "disk.qcow2");
  await writeFile(path.join(folder, "base.raw"), Buffer.alloc(1_048_576));
  await writeFile(path.join(folder, "other.raw"), Buffer.alloc(1_048_576));
  await run(
    "qemu-img",
    "create",
    "-q",
    "-f",
    "qcow2",
    "-F",
    "raw",
    "-b",
    path.join(folder, "base.raw"),
    disk,
  );
  links = await readHeaderReferences(disk);
});
afterEach(() => cleanup.close());

async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess(program, args);
  expect(code, stderr).toBe(0);
}

it("is taken with what was written into it, for reading only", async () => {
  await run("qemu-io", "-f", "qcow2", "-c", "write -P 7 0 512k", "-c", "write -P 8 1000k 1k", disk);
  await takeBackDisk(runAs, folder, disk, links);
  expect((await stat(disk)).mode & 0o777).toBe(0o400);
});

it.each([
  [
    "stands on another file",
    () =>
      run("qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", path.join(folder, "other.raw"), disk),
  ],
  [
    "stands on the same file in another format",
    () =>
      run(
        "qemu-img",
        "rebase",
        "-u",
        "-f",
        "qcow2",
        "-F",
        "qcow2",
        "-b",
        path.join(folder, "base.raw"),
        disk,
      ),
  ],
  [
    "keeps its data elsewhere",
    async () => {
      const data = path.join(folder, "data.raw");
      await rm(disk);
      await run("qemu-img", "create", "-q", "-f", "qcow2", "-o", `data_file=${data}`, disk, "1M");
    },
  ],
  [
    "is a link",
    async () => {
      await rm(disk);
      await symlink("/etc/shadow", disk);
    },
  ],
  ["has a second name", () => link(disk, path.join(folder, "again"))],
  [
    "is a folder",
    async () => {
      await rm(disk);
      await mkdir(disk);
    },
  ],
  ["is gone", () => rm(disk)],
] as const)("is refused when it %s", async (_what, change) => {
  await change();
  await expect(takeBackDisk(runAs, folder, disk, links)).rejects.toThrow();
});
