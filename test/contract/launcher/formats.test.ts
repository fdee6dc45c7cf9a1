import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diskFormat } from "../../../launcher/images/entry.ts";
import { COUNTER, WRITER, writeBootDisk } from "../../support/boot-sector.ts";
import { runProcess } from "../../support/process.ts";
import { Workshop } from "./workshop.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.make();
});
afterEach(() => workshop.close());

async function convert(from: string, format: string): Promise<string> {
  const file = join(workshop.folder, `base.${format}`);
  if (format !== "raw") await runProcess("qemu-img", ["convert", "-f", "raw", "-O", format, from, file]);
  return file;
}

test("a disk of every format boots, and stays as it is", async () => {
  const raw = join(workshop.folder, "base.raw");
  await writeBootDisk(raw, COUNTER);
  const files = await Promise.all(diskFormat.options.map((format) => convert(raw, format)));
  const before = files.map((file) => readFileSync(file));
  const launcher = await workshop.openWith(
    diskFormat.options.map((format, index) => ({
      id: format,
      boot: { kind: "disk", format, file: files[index] },
    })),
  );
  for (const format of diskFormat.options) {
    await launcher.create({ id: format, name: format, image: format });
    await workshop.hear(launcher, format, /Sabc/);
    await launcher.stop(format, true);
    await workshop.reach(launcher, format, "stopped");
  }
  for (const [index, file] of files.entries())
    expect(readFileSync(file).equals(before[index]!), file).toBe(true);
});

test("a master is written to itself, and nobody else may use it", async () => {
  const file = join(workshop.folder, "base.raw");
  const before = await writeBootDisk(file, WRITER);
  const launcher = await workshop.openWith([{ id: "raw", boot: { kind: "disk", format: "raw", file } }]);
  const request = { name: "master", image: "raw", master: true };
  await launcher.create({ id: "m1", ...request });
  await workshop.hear(launcher, "m1", /W/);
  await expect(launcher.create({ id: "m2", name: "other", image: "raw" })).rejects.toMatchObject({
    code: "IMAGE_IN_USE",
  });
  await expect(launcher.takeSnapshot("m1", "a")).rejects.toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
  await launcher.stop("m1", true);
  await workshop.reach(launcher, "m1", "stopped");
  const after = readFileSync(file);
  expect(after.subarray(512, 520).equals(before.subarray(0, 8))).toBe(true);
  expect(existsSync(join(workshop.options.stateDir, "m1", "overlay.qcow2"))).toBe(false);
});

test("an empty disk is as large as asked for, and comes before the ISO", async () => {
  const iso = "/usr/lib/memtest86+/memtest86+x64.iso";
  const launcher = await workshop.openWith([
    {
      id: "iso",
      boot: { kind: "iso", file: iso },
      diskGb: { default: 2, min: 1 },
      memoryMb: { default: 64, min: 64 },
    },
  ]);
  await launcher.create({ id: "m1", name: "one", image: "iso", emptyDisk: true, diskGb: 3 });
  await workshop.reach(launcher, "m1", "running");
  const overlay = join(workshop.options.stateDir, "m1", "overlay.qcow2");
  const info = await runProcess("qemu-img", ["info", "-U", "--output=json", overlay]);
  expect(JSON.parse(info.stdout)).toMatchObject({ "virtual-size": 3 * 1024 ** 3 });
  await launcher.takeSnapshot("m1", "before");
});

test("an overlay grows to the size asked for, and never below its base's", async () => {
  const raw = join(workshop.folder, "base.raw");
  await writeBootDisk(raw, COUNTER);
  const boot = { kind: "disk", format: "raw", file: raw };
  const launcher = await workshop.openWith([{ id: "raw", boot }]);
  await launcher.create({ id: "m1", name: "one", image: "raw", diskGb: 2 });
  await launcher.create({ id: "m2", name: "two", image: "raw" });
  for (const [id, bytes] of [
    ["m1", 2 * 1024 ** 3],
    ["m2", 1_048_576],
  ] as const) {
    await workshop.hear(launcher, id, /S/);
    const overlay = join(workshop.options.stateDir, id, "overlay.qcow2");
    const info = await runProcess("qemu-img", ["info", "-U", "--output=json", overlay]);
    expect(JSON.parse(info.stdout)).toMatchObject({ "virtual-size": bytes });
  }
});
