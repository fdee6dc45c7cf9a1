import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diskFormat } from "../../../protocol/index.ts";
import { COUNTER, WRITER, writeBootDisk } from "../../support/boot-sector.ts";
import { runProcess } from "../../support/test-process.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

async function convert(from: string, format: string): Promise<string> {
  const file = join(launcherFixture.folder, `base.${format}`);
  if (format !== "raw") await runProcess("qemu-img", ["convert", "-f", "raw", "-O", format, from, file]);
  return file;
}

test("a disk of every format boots, and stays as it is", async () => {
  const raw = join(launcherFixture.folder, "base.raw");
  await writeBootDisk(raw, COUNTER);
  const files = await Promise.all(diskFormat.options.map((format) => convert(raw, format)));
  const before = files.map((file) => readFileSync(file));
  const launcher = await launcherFixture.openWith(
    diskFormat.options.map((format, index) => ({
      id: format,
      boot: { kind: "disk", format, file: files[index] },
    })),
  );
  for (const format of diskFormat.options) {
    await launcher.create({ id: format, name: format, image: format });
    await launcherFixture.waitForSerial(launcher, format, /Sabc/);
    await launcher.stop(format, true);
    await launcherFixture.waitForState(launcher, format, "stopped");
  }
  for (const [index, file] of files.entries())
    expect(readFileSync(file).equals(before[index]!), file).toBe(true);
});

test("a master is written to itself, and nobody else may use it", async () => {
  const file = join(launcherFixture.folder, "base.raw");
  const before = await writeBootDisk(file, WRITER);
  const launcher = await launcherFixture.openWith([
    { id: "raw", boot: { kind: "disk", format: "raw", file } },
  ]);
  const request = { name: "master", image: "raw", master: true };
  await launcher.create({ id: "m1", ...request });
  await launcherFixture.waitForSerial(launcher, "m1", /W/);
  await expect(launcher.create({ id: "m2", name: "other", image: "raw" })).rejects.toMatchObject({
    code: "IMAGE_IN_USE",
  });
  await expect(launcher.takeSnapshot("m1", "a")).rejects.toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
  await launcher.stop("m1", true);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  const after = readFileSync(file);
  expect(after.subarray(512, 520).equals(before.subarray(0, 8))).toBe(true);
  expect(existsSync(join(launcherFixture.options.stateDir, "m1", "overlay.qcow2"))).toBe(false);
});

test("an empty disk is as large as asked for, and comes before the ISO", async () => {
  const iso = "/usr/lib/memtest86+/memtest86+x64.iso";
  const launcher = await launcherFixture.openWith([
    {
      id: "iso",
      boot: { kind: "iso", file: iso },
      diskGb: { default: 2, min: 1 },
      memoryMb: { default: 64, min: 64 },
    },
  ]);
  await launcher.create({ id: "m1", name: "one", image: "iso", emptyDisk: true, diskGb: 3 });
  await launcherFixture.waitForState(launcher, "m1", "running");
  const overlay = join(launcherFixture.options.stateDir, "m1", "overlay.qcow2");
  const info = await runProcess("qemu-img", ["info", "-U", "--output=json", overlay]);
  expect(JSON.parse(info.stdout)).toMatchObject({ "virtual-size": 3 * 1024 ** 3 });
  await launcher.takeSnapshot("m1", "before");
});

test("an overlay grows to the size asked for, and never below its base's", async () => {
  const raw = join(launcherFixture.folder, "base.raw");
  await writeBootDisk(raw, COUNTER);
  const boot = { kind: "disk", format: "raw", file: raw };
  const launcher = await launcherFixture.openWith([{ id: "raw", boot }]);
  await launcher.create({ id: "m1", name: "one", image: "raw", diskGb: 2 });
  await launcher.create({ id: "m2", name: "two", image: "raw" });
  for (const [id, bytes] of [
    ["m1", 2 * 1024 ** 3],
    ["m2", 1_048_576],
  ] as const) {
    await launcherFixture.waitForSerial(launcher, id, /S/);
    const overlay = join(launcherFixture.options.stateDir, id, "overlay.qcow2");
    const info = await runProcess("qemu-img", ["info", "-U", "--output=json", overlay]);
    expect(JSON.parse(info.stdout)).toMatchObject({ "virtual-size": bytes });
  }
});
