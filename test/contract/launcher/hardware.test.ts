import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hardwareProfile, type ImageHardware } from "../../../protocol/index.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let fixture: LauncherFixture;
beforeEach(async () => {
  fixture = await LauncherFixture.make();
});
afterEach(() => fixture.close());

/** The command line of a machine's QEMU. */
function argumentsOf(id: string): string[] {
  return readFileSync(`/proc/${fixture.pidOf(id)}/cmdline`, "utf8").split("\0");
}

function addressOf(id: string): string {
  return /"mac":"([^"]+)"/.exec(argumentsOf(id).join(" "))?.[1] ?? "";
}

const HARDWARE: Readonly<Record<string, ImageHardware>> = {
  // Windows 10 has the same as Windows 11.
  ...Object.fromEntries(
    hardwareProfile.exclude(["windows-10"]).options.map((profile) => [profile, { profile }]),
  ),
  "sata-pc": { profile: "linux", disk: "sata", board: "pc" },
  nvme: { profile: "linux", disk: "nvme", card: "e1000e" },
  scsi: { profile: "bsd", disk: "scsi", card: "rtl8139", sound: "hda" },
};

test("QEMU has all of it, and a disk on every bus boots", async () => {
  const file = join(fixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const boot = { kind: "disk", format: "raw", file };
  const extraCd = "/usr/lib/memtest86+/memtest86+x64.iso";
  const launcher = await fixture.openWith(
    Object.entries(HARDWARE).map(([id, hardware]) => ({
      ...{ id, boot, hardware, extraCd, network: "isolated" },
      extraDisks: [{ format: "raw", file }],
    })),
  );
  for (const id of Object.keys(HARDWARE)) {
    await launcher.create({
      id,
      name: id,
      image: id,
      owner: "anna",
      dataDisk: { name: `d-${id}`, sizeGb: 1 },
    });
  }
  for (const id of Object.keys(HARDWARE)) await fixture.waitForSerial(launcher, id, /Sabc/);
});

test("a card has an address of the machine's own, at every start the same", async () => {
  const file = join(fixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const launcher = await fixture.openWith([
    { id: "raw", boot: { kind: "disk", format: "raw", file }, network: "isolated" },
  ]);
  for (const id of ["m1", "m2"]) {
    await launcher.create({ id, name: id, image: "raw" });
    await fixture.waitForSerial(launcher, id, /S/);
  }
  const first = addressOf("m1");
  expect(first).toMatch(/^52:54(:[0-9a-f]{2}){4}$/);
  expect(addressOf("m2")).not.toBe(first);
  await launcher.stop("m1", true);
  await fixture.waitForState(launcher, "m1", "stopped");
  await launcher.start("m1");
  await fixture.waitForState(launcher, "m1", "booting");
  expect(addressOf("m1")).toBe(first);
});

test("a snapshot of a machine with further disks holds them all", async () => {
  const file = join(fixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const boot = { kind: "disk", format: "raw", file };
  const extraDisks = [{ format: "raw", file }];
  const launcher = await fixture.openWith([{ id: "two", boot, extraDisks, hardware: { disk: "sata" } }]);
  await launcher.create({ id: "m1", name: "m1", image: "two" });
  await fixture.waitForSerial(launcher, "m1", /S/);
  await launcher.takeSnapshot("m1", "running");
  await launcher.save("m1");
  await fixture.waitForState(launcher, "m1", "stopped");
  await launcher.start("m1");
  await fixture.waitForState(launcher, "m1", "running");
  await expect(
    launcher.stop("m1", true).then(() => fixture.waitForState(launcher, "m1", "stopped")),
  ).resolves.toMatchObject({ state: "stopped" });
  await expect(launcher.saveAsImage("m1", { id: "new", title: "New" })).rejects.toMatchObject({
    code: "MACHINE_MANY_DISKS",
  });
});

test("arguments of an image for QEMU are taken only where the administrator allows them", async () => {
  const file = join(fixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const qemuArgs = ["-device", "edu"];
  const images = [{ id: "odd", boot: { kind: "disk", format: "raw", file }, qemuArgs }];
  const strict = await fixture.openWith(images);
  await strict.create({ id: "m1", name: "m1", image: "odd" });
  expect(await fixture.waitForState(strict, "m1", "failed")).toMatchObject({
    cause: { code: "QEMU_ARGS_OFF" },
  });
  await strict.close();
  const lax = await fixture.openWith(images, { allowQemuArgs: true });
  await lax.start("m1");
  await fixture.waitForSerial(lax, "m1", /S/);
  expect(argumentsOf("m1")).toContain("edu");
});
