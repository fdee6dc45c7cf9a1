import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COUNTER, BOOT_COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { buildDiskGuest } from "../../support/guest/disk-guest.ts";
import { DATA_DISK_SCRIPT } from "../../support/guest/data-disk-script.ts";
import { runProcess } from "../../support/test-process.ts";
import { LauncherFixture } from "./launcher-fixture.ts";
import type { Launcher } from "../../../launcher/index.ts";

const home = { owner: "anna", dataDisk: { name: "home", sizeGb: 1 } };

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

async function openCounter(): Promise<Launcher> {
  const file = `${launcherFixture.folder}/counter.raw`;
  if (!existsSync(file)) await writeBootDisk(file, COUNTER);
  return launcherFixture.openWith([{ id: "counter", boot: { kind: "disk", format: "raw", file } }]);
}

describe("a data disk", () => {
  test("keeps a file from one session to the next, each with a system disk of its own", async () => {
    const guest = await buildDiskGuest(launcherFixture.folder, DATA_DISK_SCRIPT);
    const boot = { kind: "kernel", ...guest, cmdline: "console=ttyS0 quiet panic=-1 random.trust_cpu=on" };
    const launcher = await launcherFixture.openWith([
      { id: "linux", boot, memoryMb: { default: 192, min: 16 }, diskGb: { default: 1, min: 1 } },
    ]);
    const said: string[] = [];
    for (const id of ["m1", "m2"]) {
      await launcher.create({ id, name: id, image: "linux", emptyDisk: true, ...home });
      said.push(await launcherFixture.waitForSerial(launcher, id, /GUEST-DONE/, 100_000));
      await launcherFixture.waitForState(launcher, id, "stopped");
      await launcher.remove(id);
    }
    const [first, second] = said as [string, string];
    const letter = /AFTER ([0-9a-f-]{36})/.exec(first)![1]!;
    expect(first).toContain("FORMAT");
    expect(second).not.toContain("FORMAT");
    expect(second).toContain(`BEFORE ${letter}`);
    expect(second).not.toContain(`AFTER ${letter}`);
    // What the first one scribbled on its system disk is not on the second one's.
    for (const text of said) expect(text).toContain("SYSTEM 0000000000000000");
    expect(await launcher.disks.list()).toMatchObject([{ owner: "anna", name: "home", state: "here" }]);
    expect((await launcher.facts()).dataDisks).toEqual(["anna/home"]);
  }, 240_000);

  test("is apart from the system disk: that one is new each time, over an image that never changes", async () => {
    const file = `${launcherFixture.folder}/keeper.raw`;
    const before = await writeBootDisk(file, BOOT_COUNTER);
    const launcher = await launcherFixture.openWith([
      { id: "keeper", boot: { kind: "disk", format: "raw", file } },
    ]);
    const said: string[] = [];
    for (const id of ["m1", "m2", "m3"]) {
      await launcher.create({ id, name: id, image: "keeper", ...home });
      said.push(await launcherFixture.waitForSerial(launcher, id, /S.D.E/));
      await launcher.remove(id);
    }
    // The keeper counts, in the second sector of each disk, how often it was there.
    expect(said.map((text) => /S(.)D(.)E/.exec(text)!.slice(1))).toEqual([
      ["A", "A"],
      ["A", "B"],
      ["A", "C"],
    ]);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("is one machine's at a time, also over a restart of the launcher and the death of QEMU", async () => {
    let launcher = await openCounter();
    const second = { id: "m2", name: "two", image: "counter", ...home };
    await launcher.create({ id: "m1", name: "one", image: "counter", ...home });
    await launcherFixture.waitForSerial(launcher, "m1", /Sabc/);
    const inUse = { code: "DISK_IN_USE", safeMessage: expect.stringContaining("one") as string };
    await expect(launcher.create(second)).rejects.toMatchObject(inUse);
    await expect(launcher.disks.remove({ owner: "anna", name: "home" })).rejects.toMatchObject(inUse);

    await launcher.close();
    launcher = await openCounter();
    await expect(launcher.create(second)).rejects.toMatchObject(inUse);
    expect(await launcher.disks.list()).toMatchObject([{ machine: "one" }]);
    // Another owner's disk of the same name is another disk.
    await launcher.create({ ...second, id: "m3", name: "three", owner: "ben" });

    process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
    await launcherFixture.waitForState(launcher, "m1", "failed");
    await launcher.create({ ...second, dataDisk: { name: "home", sizeGb: 2 } });
    await launcherFixture.waitForSerial(launcher, "m2", /Sabc/);
    await expect(launcher.start("m1")).rejects.toMatchObject({ code: "DISK_IN_USE" });
    // Asked for larger, it has grown; asked for smaller, it stays.
    const [disk] = await launcher.disks.list();
    expect(disk).toMatchObject({ owner: "anna", sizeGb: 2, machine: "two" });
    await launcher.remove("m2");
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "booting");
    expect((await launcher.disks.list())[0]).toMatchObject({ sizeGb: 2, machine: "one" });
    expect(await virtualGb()).toContain(2);
  });

  test("stays with a machine whose memory was saved, until that went on or is deleted", async () => {
    const launcher = await openCounter();
    await launcher.create({ id: "m1", name: "one", image: "counter", ...home });
    await launcherFixture.waitForSerial(launcher, "m1", /Sabc/);
    await expect(launcher.takeSnapshot("m1", "now")).rejects.toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
    await launcher.save("m1");
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    const second = { id: "m2", name: "two", image: "counter", ...home };
    await expect(launcher.create(second)).rejects.toMatchObject({
      code: "DISK_IN_USE",
      safeMessage: expect.stringContaining("saved") as string,
    });
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await launcher.remove("m1");
    await launcher.create(second);
    await launcherFixture.waitForSerial(launcher, "m2", /S/);
  });

  test("is deleted when nobody has it, and no owner has more than the quota", async () => {
    const file = `${launcherFixture.folder}/counter.raw`;
    await writeBootDisk(file, COUNTER);
    const limits = { ...launcherFixture.options.limits, userDataGb: 3 };
    const images = [{ id: "counter", boot: { kind: "disk", format: "raw", file } }];
    const launcher = await launcherFixture.openWith(images, { limits });
    const order = (id: string, name: string, sizeGb: number, owner = "anna") => ({
      ...{ id, name: id, image: "counter", owner, dataDisk: { name, sizeGb } },
    });
    await launcher.create(order("m1", "home", 2));
    await launcherFixture.waitForSerial(launcher, "m1", /S/);
    await expect(launcher.create(order("m2", "work", 2))).rejects.toMatchObject({
      code: "DISK_QUOTA",
      safeMessage: expect.stringContaining("2 of 3 GB") as string,
    });
    await expect(launcher.create(order("m3", "work", 2, ""))).rejects.toMatchObject({
      code: "HOST_DATA_DISK",
    });
    await launcher.remove("m1");
    await launcher.disks.remove({ owner: "anna", name: "home" });
    expect(await launcher.disks.list()).toEqual([]);
    await expect(launcher.disks.remove({ owner: "anna", name: "home" })).rejects.toMatchObject({
      code: "DISK_UNKNOWN",
    });
    await launcher.create(order("m2", "work", 2));
    await launcherFixture.waitForSerial(launcher, "m2", /S/);
  });
});

async function virtualGb(): Promise<number[]> {
  const { stdout } = await runProcess("find", [launcherFixture.options.stateDir, "-name", "disk.qcow2"]);
  const sizes: number[] = [];
  for (const file of stdout.trim().split("\n")) {
    const info = await runProcess("qemu-img", ["info", "-U", "--output=json", file]);
    sizes.push((JSON.parse(info.stdout) as { "virtual-size": number })["virtual-size"] / 1024 ** 3);
  }
  return sizes;
}
