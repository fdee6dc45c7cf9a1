import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readWholeState } from "../../support/machine-record.ts";
import { isAlive } from "../../../launcher/system/proc-stat.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

const companions = () =>
  readWholeState(join(launcherFixture.options.stateDir, "m1", "state.json"))!.companions;

async function bootDisk(): Promise<object> {
  const file = join(launcherFixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  return { kind: "disk", format: "raw", file };
}

test("Secure Boot refuses what nobody signed; the TPM outlives the launcher, and nothing outlives the machine", async () => {
  const images = [
    {
      ...{ id: "secure", boot: await bootDisk(), memoryMb: { default: 128, min: 128 } },
      firmware: { kind: "uefi", secureBoot: true, tpm: true },
    },
  ];
  let launcher = await launcherFixture.openWith(images);
  await launcher.create({ id: "m1", name: "secure", image: "secure" });
  await launcherFixture.waitForSerial(launcher, "m1", /Security Violation|Access Denied/);
  const [tpm] = companions();
  expect(isAlive(tpm!)).toBe(true);
  expect(readdirSync(join(launcherFixture.options.stateDir, "m1", "tpm"))).toContain("tpm2-00.permall");
  await launcher.takeSnapshot("m1", "with its TPM");

  await launcher.close();
  launcher = await launcherFixture.openWith(images);
  expect(isAlive(tpm!)).toBe(true);
  await launcher.restoreSnapshot("m1", "with its TPM");
  await launcher.stop("m1", true);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  await waitFor("the TPM to end", () => !isAlive(tpm!));
  await waitFor("the sockets to go", () => readdirSync(launcherFixture.options.runtimeDir).length === 0);

  // The same TPM again, and this time QEMU is killed.
  await launcher.start("m1");
  await launcherFixture.waitForState(launcher, "m1", "booting");
  const [second] = companions();
  process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
  await launcherFixture.waitForState(launcher, "m1", "failed");
  await waitFor("the second TPM to end", () => !isAlive(second!));
  await launcher.remove("m1");
  expect(existsSync(join(launcherFixture.options.stateDir, "m1"))).toBe(false);
});

test("a TPM whose machine and launcher were killed together is ended by the next launcher", async () => {
  const boot = await bootDisk();
  const images = [{ id: "tpm", boot, firmware: { tpm: true } }];
  const first = await launcherFixture.openWith(images);
  await first.create({ id: "m1", name: "tpm", image: "tpm" });
  await launcherFixture.waitForState(first, "m1", "booting");
  const [tpm] = companions();
  await first.close();
  // Stopped, it cannot notice that its QEMU is gone.
  process.kill(tpm!.pid, "SIGSTOP");
  process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
  await waitFor("its end", () => !launcherFixture.isRunning("m1"));
  const second = await launcherFixture.openWith(images);
  expect(second.machines()[0]!.state).toBe("failed");
  expect(isAlive(tpm!)).toBe(false);
  expect(readdirSync(launcherFixture.options.runtimeDir)).toEqual([]);
});

test("an ARM guest comes to its firmware's prompt, with a screen", async () => {
  const launcher = await launcherFixture.openWith([
    {
      ...{ id: "arm", boot: await bootDisk(), arch: "aarch64", display: "virtio" },
      memoryMb: { default: 256, min: 256 },
    },
  ]);
  expect(await launcher.images()).toMatchObject([{ available: true }]);
  const created = await launcher.create({ id: "m1", name: "arm", image: "arm" });
  expect(created.accel).toBeUndefined();
  await launcherFixture.waitForSerial(launcher, "m1", /BdsDxe/);
  await waitFor("the firmware's screen", async () => (await launcher.screenshot("m1", 4096)).width >= 640);
  expect(launcher.machines()[0]!.accel).toBe("tcg");
});
