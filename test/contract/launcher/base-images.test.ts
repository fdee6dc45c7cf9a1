import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COUNTER, WRITER, writeBootDisk } from "../../support/boot-sector.ts";
import { CAN_MAKE_ACCOUNTS, makeSystemAccount } from "../../support/system-account.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

describe("an image's file that is replaced", () => {
  test("is told by the machine, which boots again over the former one or a copy of it", async () => {
    const file = join(launcherFixture.folder, "base.raw");
    await writeBootDisk(file, COUNTER, 8 * 1_048_576);
    const launcher = await launcherFixture.openWith([
      { id: "raw", boot: { kind: "disk", format: "raw", file } },
    ]);
    await launcher.create({ id: "m1", name: "one", image: "raw" });
    await launcherFixture.waitForState(launcher, "m1", "running");
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    const overlay = join(launcherFixture.options.stateDir, "m1", "overlay.qcow2");
    const disk = readFileSync(overlay);

    const former = `${file}.former`;
    renameSync(file, former);
    await writeBootDisk(file, WRITER, 8 * 1_048_576);
    await launcher.start("m1");
    const { reason, cause } = await launcherFixture.waitForState(launcher, "m1", "failed");
    expect(cause).toEqual({ code: "IMAGE_REPLACED", details: {} });
    expect(reason).toMatch(/replaced by another one/);
    await expect(launcher.saveAsImage("m1", { id: "x", title: "X" })).rejects.toMatchObject({
      code: "IMAGE_REPLACED",
    });
    expect(readFileSync(overlay).equals(disk)).toBe(true);

    // As from a backup: another inode, another time, the same content.
    copyFileSync(former, file);
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");

    // Written to in its place.
    const changed = readFileSync(file);
    changed.writeUInt8(1, 1_048_576);
    writeFileSync(file, changed);
    utimesSync(file, 1, 1);
    await launcher.start("m1");
    expect(await launcherFixture.waitForState(launcher, "m1", "failed")).toMatchObject({
      cause: { code: "IMAGE_REPLACED" },
    });
  });
});

/** Accounts can only be made as root. */
const testWithAccount = CAN_MAKE_ACCOUNTS ? test : () => undefined;

testWithAccount("an image that is worked on itself is the account's as long as that takes", async () => {
  const { user } = await makeSystemAccount(launcherFixture.cleanup);
  const { imagesDir, runtimeDir } = launcherFixture.options;
  mkdirSync(imagesDir, { mode: 0o700 });
  const file = join(imagesDir, "raw.raw");
  const before = await writeBootDisk(file, WRITER);
  chmodSync(file, 0o400);
  const launcher = await launcherFixture.openWith(
    [{ id: "raw", boot: { kind: "disk", format: "raw", file } }],
    { vmUser: user, traversableFolders: [launcherFixture.folder] },
  );
  await launcher.create({ id: "m1", name: "one", image: "raw", master: true });
  await launcherFixture.waitForSerial(launcher, "m1", /W/);
  expect(statSync(file).uid).not.toBe(0);
  await launcher.stop("m1", true);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  expect(readFileSync(file).subarray(512, 520).equals(before.subarray(0, 8))).toBe(true);
  await launcher.remove("m1");
  const { uid, gid, mode } = statSync(file);
  expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 0, gid: 0, mode: 0o400 });
  expect(statSync(runtimeDir).mode & 0o7777).toBe(0o1770);
  await launcher.create({ id: "m2", name: "two", image: "raw" });
  await launcherFixture.waitForState(launcher, "m2", "booting");
  await launcher.remove("m2");
});
