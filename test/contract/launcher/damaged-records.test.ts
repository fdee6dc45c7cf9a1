import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { machinePaths, type MachinePaths } from "../../../launcher/model/machine-paths.ts";
import { findProcess, isAlive } from "../../../launcher/system/proc-stat.ts";
import type { Launcher } from "../../../launcher/index.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const request = { id: "m1", name: "one", image: "counter" } as const;

describe("a machine's record that cannot be read", () => {
  let launcherFixture: LauncherFixture;
  let launcher: Launcher;
  let paths: MachinePaths;
  let catalogueFile: string;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
    const file = join(launcherFixture.folder, "base.raw");
    await writeBootDisk(file, COUNTER);
    launcher = await launcherFixture.openWith([
      { id: "counter", boot: { kind: "disk", format: "raw", file } },
    ]);
    catalogueFile = join(launcherFixture.folder, "catalogue.json");
    const { stateDir, runtimeDir } = launcherFixture.options;
    paths = machinePaths(stateDir, runtimeDir, "m1");
    await launcher.create(request);
    await launcherFixture.waitForState(launcher, "m1", "running");
    await launcher.close();
  });
  afterEach(() => launcherFixture.close());

  const reopen = () => launcherFixture.open({ catalogueFile });
  const status = () => launcher.machines()[0]!;
  async function endQemu(): Promise<void> {
    const qemu = findProcess(paths.qmpSocket)!;
    process.kill(qemu.pid, "SIGKILL");
    await waitFor("its end", () => !isAlive(qemu));
  }
  function keepDisk() {
    const disk = readFileSync(paths.overlay);
    return () => {
      expect(readFileSync(paths.overlay).equals(disk)).toBe(true);
    };
  }

  test("of its state: a QEMU that runs is taken over, and written down again", async () => {
    truncateSync(paths.state, 0);
    launcher = await reopen();
    expect(status()).toMatchObject({ state: "running", name: "one", cpus: 1, memoryMb: 32 });
    expect(launcher.displays()).toMatchObject([{ display: { name: "one" } }]);
    expect(launcherFixture.isRunning("m1")).toBe(true);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
  });

  test("of its state, after QEMU's end: it has failed with its disk untouched, and starts again", async () => {
    await endQemu();
    const expectDiskKept = keepDisk();
    rmSync(paths.state);
    mkdirSync(paths.state);
    launcher = await reopen();
    expect(status()).toMatchObject({ state: "failed", cause: { code: "STATE_DAMAGED" } });
    expectDiskKept();
    rmSync(paths.state, { recursive: true });
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
  });

  test.each<[string, () => void]>([
    ["empty", () => truncateSync(paths.spec, 0)],
    ["missing", () => rmSync(paths.spec)],
    [
      "a link elsewhere",
      () => {
        rmSync(paths.spec);
        symlinkSync("/etc/passwd", paths.spec);
      },
    ],
    ["of a newer version", () => writeFileSync(paths.spec, '{"version": 2}')],
  ])(
    "%s: QEMU runs on with its screen, and can be ended; its disk and records stay",
    async (_what, damage) => {
      const state = readFileSync(paths.state, "utf8");
      const qemu = findProcess(paths.qmpSocket)!;
      damage();
      launcher = await reopen();
      expect(status()).toMatchObject({ state: "running", cause: { code: "RECORD_DAMAGED_RUNS" } });
      expect(launcher.displays()).toHaveLength(1);
      expect((await launcher.screenshot("m1", 320)).width).toBe(720);
      await expect(launcher.save("m1")).rejects.toMatchObject({ code: "RECORD_DAMAGED" });
      await launcher.stop("m1", true);
      await launcherFixture.waitForState(launcher, "m1", "failed");
      expect(isAlive(qemu)).toBe(false);
      const expectDiskKept = keepDisk();
      expect(status()).toMatchObject({ cause: { code: "RECORD_DAMAGED" }, cpus: 0, memoryMb: 0 });
      await expect(launcher.start("m1")).rejects.toMatchObject({ code: "RECORD_DAMAGED" });
      await expect(launcher.saveAsImage("m1", { id: "x", title: "X" })).rejects.toMatchObject({
        code: "RECORD_DAMAGED",
      });
      await expect(launcher.snapshots("m1")).rejects.toMatchObject({ code: "RECORD_DAMAGED" });
      expectDiskKept();
      expect(readFileSync(paths.state, "utf8")).toBe(state);
      await launcher.remove("m1");
      expect(existsSync(paths.dir)).toBe(false);
    },
  );

  test("is whole again when it is put back", async () => {
    const spec = readFileSync(paths.spec);
    await endQemu();
    truncateSync(paths.spec, 0);
    launcher = await reopen();
    expect(status()).toMatchObject({ state: "failed", cause: { code: "RECORD_DAMAGED" } });
    await launcher.close();
    writeFileSync(paths.spec, spec);
    launcher = await reopen();
    expect(status()).toMatchObject({ state: "stopped", name: "one" });
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
  });

  test("because its folder is gone: QEMU is not left without an owner", async () => {
    rmSync(paths.dir, { recursive: true });
    launcher = await reopen();
    expect(status()).toMatchObject({ id: "m1", cause: { code: "RECORD_DAMAGED_RUNS" } });
    const qemu = findProcess(paths.qmpSocket)!;
    await launcher.remove("m1");
    expect(isAlive(qemu)).toBe(false);
    expect(launcher.machines()).toEqual([]);
  });
});
