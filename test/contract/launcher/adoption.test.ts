import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { identifyProcess, isAlive } from "../../../launcher/system/proc-stat.ts";
import { startProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const request = { id: "m1", name: "memory", image: "memtest86+" } as const;

describe("a launcher that comes back", () => {
  let launcherFixture: LauncherFixture;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
  });
  afterEach(() => launcherFixture.close());

  test("adopts a machine whose launcher was killed, with its screen, and can stop it", async () => {
    const { log: _log, clock: _clock, ...options } = launcherFixture.options;
    const child = startProcess(launcherFixture.cleanup, process.execPath, [
      join(import.meta.dirname, "launcher-child.mjs"),
      JSON.stringify(options),
      JSON.stringify(request),
    ]);
    await child.waitForOutput(/state running/, 45_000);
    const pid = launcherFixture.pidOf("m1");
    const identity = identifyProcess(pid)!;
    child.kill("SIGKILL");
    await child.exited;

    const launcher = await launcherFixture.open();
    expect(launcher.machines()).toMatchObject([{ id: "m1", name: "memory", state: "running" }]);
    expect(launcherFixture.pidOf("m1")).toBe(pid);
    expect(launcher.displays()[0]!.display.vncPassword).toHaveLength(8);
    expect((await launcher.screenshot("m1", 320)).width).toBe(720);

    await launcher.stop("m1", true);
    expect((await launcherFixture.waitForState(launcher, "m1", "stopped")).reason).toBeUndefined();
    expect(isAlive(identity)).toBe(false);
  });

  test("says of a machine that was killed meanwhile that it failed, and starts it again", async () => {
    const first = await launcherFixture.open();
    await first.create(request);
    await launcherFixture.waitForState(first, "m1", "booting");
    await first.close();
    process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
    await waitFor("its end", () => !launcherFixture.isRunning("m1"));

    const second = await launcherFixture.open();
    expect(second.machines()[0]).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("away") as string,
      cause: { code: "QEMU_ENDED_UNSEEN", details: {} },
    });
    expect(second.displays()).toEqual([]);
    await second.start("m1");
    await launcherFixture.waitForState(second, "m1", "booting");
  });

  test("notices when an adopted machine is killed", async () => {
    const first = await launcherFixture.open();
    await first.create(request);
    await launcherFixture.waitForState(first, "m1", "booting");
    await first.close();
    const second = await launcherFixture.open();
    process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
    const failed = await launcherFixture.waitForState(second, "m1", "failed");
    expect(failed.reason).toMatch(/unexpectedly/);
    expect(second.displays()).toEqual([]);
  });

  test("removes half-made machines and leaves other people's folders alone", async () => {
    const { stateDir } = launcherFixture.options;
    await (await launcherFixture.open()).close();
    mkdirSync(join(stateDir, "half-made"));
    writeFileSync(join(stateDir, "half-made", "state.json"), "{");
    mkdirSync(join(stateDir, "photographs"));
    writeFileSync(join(stateDir, "photographs", "holiday.jpg"), "");
    const launcher = await launcherFixture.open();
    expect(launcher.machines()).toEqual([]);
    expect(readdirSync(stateDir).filter((name) => !name.startsWith("."))).toEqual(["photographs"]);
  });

  test("is refused while another one has the folder", async () => {
    await launcherFixture.open();
    await expect(launcherFixture.open()).rejects.toMatchObject({ code: "STATE_IN_USE" });
  });
});
