import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readWholeState } from "../../support/machine-record.ts";
import { isAlive } from "../../../launcher/system/proc-stat.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
let boot: object;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  const file = join(launcherFixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  boot = { kind: "disk", format: "raw", file };
});
afterEach(() => launcherFixture.close());

test("every display adapter shows a screen, with more monitors where it has them; without one there is none", async () => {
  const displays = ["qxl", "virtio", "vmware", "cirrus", "none"];
  const launcher = await launcherFixture.openWith([
    { id: "c", boot, display: "std", displays, keymap: "fr" },
  ]);
  for (const display of ["std", "qxl", "virtio", "vmware", "cirrus"] as const) {
    const monitors = display === "qxl" || display === "virtio" ? 3 : 1;
    await launcher.create({ id: display, name: display, image: "c", display, monitors });
    await launcherFixture.waitForState(launcher, display, "running");
    const { width } = await launcher.screenshot(display, 4096);
    expect(width, display).toBeGreaterThanOrEqual(640);
    await launcher.stop(display, true);
    await launcherFixture.waitForState(launcher, display, "stopped");
  }
  await launcher.create({ id: "none", name: "none", image: "c", display: "none" });
  await launcherFixture.waitForSerial(launcher, "none", /Sabc/);
  await launcherFixture.waitForState(launcher, "none", "running");
  expect(launcher.displays()).toEqual([]);
  await expect(launcher.screenshot("none", 320)).rejects.toMatchObject({ code: "MACHINE_NOT_RUNNING" });
});

test("a clipboard does not keep a machine from being saved", async () => {
  const launcher = await launcherFixture.openWith([
    { id: "c", boot, guest: { agent: true, clipboard: true } },
  ]);
  await launcher.create({ id: "m1", name: "one", image: "c" });
  await launcherFixture.waitForState(launcher, "m1", "running");
  const { socketPath, vncPassword } = launcher.displays()[0]!.display;
  const viewer = await connectRfb(launcherFixture.cleanup, { path: socketPath });
  await viewer.handshake({ password: vncPassword! });
  expect(await launcher.takeSnapshot("m1", "a")).toMatchObject([{ withMemory: true }]);
  await launcher.save("m1");
  expect(await launcherFixture.waitForState(launcher, "m1", "stopped")).toMatchObject({ saved: true });
  await launcher.start("m1");
  await launcherFixture.waitForState(launcher, "m1", "running");
  const heard = (await launcher.bootLog("m1")).text;
  await waitFor(
    "the guest to count on",
    async () => (await launcher.bootLog("m1")).text.length > heard.length,
  );
  expect((await launcher.bootLog("m1")).text.split("S")).toHaveLength(2);
});

describe("shared folders", () => {
  const image = (kind: string, folder: string, writable = false) => ({
    ...{ id: kind, boot, memoryMb: { default: 32, min: 16 } },
    shares: [{ tag: "share", folder, kind, writable }],
  });

  test("are given where the administrator allows it, with a process that ends with the machine", async () => {
    const allowed = join(launcherFixture.folder, "allowed");
    const inside = join(allowed, "in,side");
    mkdirSync(inside, { recursive: true });
    const launcher = await launcherFixture.openWith([image("9p", inside), image("virtiofs", inside, true)], {
      allowedShares: [allowed],
    });
    await launcher.create({ id: "m1", name: "one", image: "9p" });
    await launcherFixture.waitForSerial(launcher, "m1", /Sabc/);
    await launcher.create({ id: "m2", name: "two", image: "virtiofs" });
    await launcherFixture.waitForSerial(launcher, "m2", /Sabc/);
    const [daemon] = readWholeState(join(launcherFixture.options.stateDir, "m2", "state.json"))!.companions;
    expect(isAlive(daemon!)).toBe(true);
    // QEMU saves no memory of a machine that reaches a folder of the host: that is said before the guest stands still.
    await launcherFixture.waitForState(launcher, "m2", "running");
    for (const id of ["m1", "m2"])
      await expect(launcher.takeSnapshot(id, "now")).rejects.toMatchObject({ code: "MEMORY_SHARES" });
    await expect(launcher.save("m2")).rejects.toMatchObject({
      code: "MEMORY_SHARES",
      safeMessage: expect.stringContaining("Stop the machine first") as string,
    });
    expect(launcherFixture.states).not.toContain("saving");
    const heard = (await launcher.bootLog("m2")).text.length;
    await waitFor("the guest to count on", async () => (await launcher.bootLog("m2")).text.length > heard);
    await launcher.stop("m2", true);
    await launcherFixture.waitForState(launcher, "m2", "stopped");
    await waitFor("virtiofsd to end", () => !isAlive(daemon!));
    expect(await launcher.takeSnapshot("m2", "off")).toMatchObject([{ name: "off", withMemory: false }]);
  });

  test("are refused by virtiofs where another account could run what the guest leaves", async () => {
    const folder = join(launcherFixture.folder, "open");
    mkdirSync(folder);
    chmodSync(launcherFixture.folder, 0o711);
    const launcher = await launcherFixture.openWith([image("virtiofs", folder, true)], {
      allowedShares: [folder],
    });
    await launcher.create({ id: "m1", name: "one", image: "virtiofs" });
    const { reason } = await launcherFixture.waitForState(launcher, "m1", "failed");
    expect(reason).toMatch(/below a folder that only root may enter/);
  });

  test("are refused elsewhere, behind a link as well, and virtiofs cannot be read-only", async () => {
    const allowed = join(launcherFixture.folder, "allowed");
    const elsewhere = join(launcherFixture.folder, "allowed-not");
    mkdirSync(allowed);
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(allowed, "link"));
    const cases = [
      ["9p", elsewhere, /does not allow that folder/],
      ["9p", join(allowed, "link"), /does not allow that folder/],
      ["virtiofs", allowed, /cannot keep a folder from being written to/],
    ] as const;
    const launcher = await launcherFixture.openWith(
      cases.map(([kind, folder], index) => ({ ...image(kind, folder), id: `i${index}` })),
      { allowedShares: [allowed] },
    );
    for (const [index, [, , reason]] of cases.entries()) {
      await launcher.create({ id: `m${index}`, name: `m${index}`, image: `i${index}` });
      expect((await launcherFixture.waitForState(launcher, `m${index}`, "failed")).reason).toMatch(reason);
    }
  });

  test("are left out when they are not there, and the machine says so as long as it runs", async () => {
    const allowed = join(launcherFixture.folder, "allowed");
    mkdirSync(allowed);
    const launcher = await launcherFixture.openWith(
      [image("9p", join(allowed, "gone")), image("virtiofs", join(allowed, "gone"), true)],
      { allowedShares: [allowed] },
    );
    for (const id of ["9p", "virtiofs"] as const) {
      await launcher.create({ id: `m-${id}`, name: `m-${id}`, image: id });
      expect(await launcherFixture.waitForState(launcher, `m-${id}`, "running")).toMatchObject({
        reason: "A shared folder is missing on the host: share. The machine runs without it.",
        cause: { code: "SHARE_MISSING", details: { tags: "share" } },
      });
    }
    await launcher.stop("m-9p", true);
    expect((await launcherFixture.waitForState(launcher, "m-9p", "stopped")).reason).toBeUndefined();
    mkdirSync(join(allowed, "gone"));
    await launcher.start("m-9p");
    expect((await launcherFixture.waitForState(launcher, "m-9p", "running")).reason).toBeUndefined();
  });
});
