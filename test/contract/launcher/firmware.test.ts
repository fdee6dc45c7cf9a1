import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRecord } from "../../../launcher/adopt/record.ts";
import { isAlive } from "../../../launcher/process/proc-stat.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { waitFor } from "../../support/wait-for.ts";
import { Workshop } from "./workshop.ts";

let workshop: Workshop;
beforeEach(async () => {
  workshop = await Workshop.make();
});
afterEach(() => workshop.close());

const companions = () => readRecord(join(workshop.options.stateDir, "m1", "state.json"))!.companions;

async function bootDisk(): Promise<object> {
  const file = join(workshop.folder, "base.raw");
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
  let launcher = await workshop.openWith(images);
  await launcher.create({ id: "m1", name: "secure", image: "secure" });
  await workshop.hear(launcher, "m1", /Security Violation|Access Denied/);
  const [tpm] = companions();
  expect(isAlive(tpm!)).toBe(true);
  expect(readdirSync(join(workshop.options.stateDir, "m1", "tpm"))).toContain("tpm2-00.permall");
  await launcher.takeSnapshot("m1", "with its TPM");

  await launcher.close();
  launcher = await workshop.openWith(images);
  expect(isAlive(tpm!)).toBe(true);
  await launcher.restoreSnapshot("m1", "with its TPM");
  await launcher.stop("m1", true);
  await workshop.reach(launcher, "m1", "stopped");
  await waitFor("the TPM to end", () => !isAlive(tpm!));
  await waitFor("the sockets to go", () => readdirSync(workshop.options.runtimeDir).length === 0);

  // The same TPM again, and this time QEMU is killed.
  await launcher.start("m1");
  await workshop.reach(launcher, "m1", "booting");
  const [second] = companions();
  process.kill(workshop.pidOf("m1"), "SIGKILL");
  await workshop.reach(launcher, "m1", "failed");
  await waitFor("the second TPM to end", () => !isAlive(second!));
  await launcher.remove("m1");
  expect(existsSync(join(workshop.options.stateDir, "m1"))).toBe(false);
});

test("a TPM whose machine and launcher were killed together is ended by the next launcher", async () => {
  const boot = await bootDisk();
  const images = [{ id: "tpm", boot, firmware: { tpm: true } }];
  const first = await workshop.openWith(images);
  await first.create({ id: "m1", name: "tpm", image: "tpm" });
  await workshop.reach(first, "m1", "booting");
  const [tpm] = companions();
  await first.close();
  // Stopped, it cannot notice that its QEMU is gone.
  process.kill(tpm!.pid, "SIGSTOP");
  process.kill(workshop.pidOf("m1"), "SIGKILL");
  await waitFor("its end", () => !workshop.isRunning("m1"));
  const second = await workshop.openWith(images);
  expect(second.machines()[0]!.state).toBe("failed");
  expect(isAlive(tpm!)).toBe(false);
  expect(readdirSync(workshop.options.runtimeDir)).toEqual([]);
});

test("an ARM guest comes to its firmware's prompt, with a screen", async () => {
  const launcher = await workshop.openWith([
    {
      ...{ id: "arm", boot: await bootDisk(), arch: "aarch64", display: "virtio" },
      memoryMb: { default: 256, min: 256 },
    },
  ]);
  expect(await launcher.images()).toMatchObject([{ available: true }]);
  const created = await launcher.create({ id: "m1", name: "arm", image: "arm" });
  expect(created.accel).toBeUndefined();
  await workshop.hear(launcher, "m1", /BdsDxe/);
  await waitFor("the firmware's screen", async () => (await launcher.screenshot("m1", 4096)).width >= 640);
  expect(launcher.machines()[0]!.accel).toBe("tcg");
});
