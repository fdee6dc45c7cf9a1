import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const request = { id: "m1", name: "memory", image: "memtest86+" } as const;

describe("ending a machine", () => {
  let launcherFixture: LauncherFixture;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
  });
  afterEach(() => launcherFixture.close());

  test("presses the power button, waits for the grace period, then ends it", async () => {
    const launcher = await launcherFixture.open();
    await launcher.create(request);
    await launcherFixture.waitForState(launcher, "m1", "running");
    const pid = launcherFixture.pidOf("m1");
    expect((await launcher.stop("m1", false)).state).toBe("stopping");
    // memtest86+ ignores the button: it still draws while the grace period runs.
    await launcher.screenshot("m1", 320);
    expect(launcherFixture.clock.held).toBe(1);
    launcherFixture.clock.runHeldTimers();
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(readdirSync(launcherFixture.options.runtimeDir)).toEqual([]);
    await expect(launcher.screenshot("m1", 320)).rejects.toMatchObject({ code: "MACHINE_NOT_RUNNING" });
  });

  test("is cancelled in time: it runs on, or is paused as before", async () => {
    const launcher = await launcherFixture.open();
    const told: (number | undefined)[] = [];
    launcher.on("state", ({ powerOffInMs }) => told.push(powerOffInMs));
    const { clock } = launcherFixture;
    await launcher.create(request);
    await launcherFixture.waitForState(launcher, "m1", "running");
    await expect(launcher.keep("m1")).rejects.toMatchObject({ code: "MACHINE_STATE" });
    const { powerOffInMs = 0 } = await launcher.stop("m1", false);
    expect(powerOffInMs).toBeGreaterThan(0);
    expect(powerOffInMs).toBeLessThanOrEqual(launcherFixture.options.stopGraceMs);
    expect(told.at(-1)).toBeGreaterThan(0);
    await launcher.stop("m1", false);
    expect(clock.held).toBe(1);
    const kept = await launcher.keep("m1");
    expect(kept).toMatchObject({ state: "running" });
    expect(kept).not.toHaveProperty("powerOffInMs");
    expect(clock.held).toBe(0);
    await launcher.pause("m1");
    await launcher.stop("m1", false);
    expect((await launcher.keep("m1")).state).toBe("paused");
    await launcher.stop("m1", false);
    expect(await launcher.stop("m1", true)).not.toHaveProperty("powerOffInMs");
    await expect(launcher.keep("m1")).rejects.toMatchObject({ code: "MACHINE_STATE" });
    await launcherFixture.waitForState(launcher, "m1", "stopped");
  });

  test("by force needs no grace period, even while it is being prepared", async () => {
    const launcher = await launcherFixture.open();
    await launcher.create(request);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "booting");
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    expect(launcherFixture.clock.held).toBe(0);
  });

  test("from outside is a failure that is told at once, with the screen withdrawn", async () => {
    const launcher = await launcherFixture.open();
    const gone: string[] = [];
    launcher.on("displayGone", ({ machine }) => gone.push(machine.name));
    await launcher.create(request);
    await launcherFixture.waitForState(launcher, "m1", "booting");
    // Its state changes a moment before its display opens.
    await waitFor("the screen to be published", () => launcher.displays().length > 0);
    process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
    const failed = await launcherFixture.waitForState(launcher, "m1", "failed");
    expect(failed.reason).toBe("QEMU was ended by SIGKILL.");
    await waitFor("the screen to be withdrawn", () => gone.includes("memory"));
  });

  test("removing leaves nothing behind", async () => {
    const launcher = await launcherFixture.open();
    const removed: string[] = [];
    launcher.on("removed", ({ id }) => removed.push(id));
    await launcher.create(request);
    await launcherFixture.waitForState(launcher, "m1", "booting");
    const pid = launcherFixture.pidOf("m1");
    await launcher.remove("m1");
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(launcher.machines()).toEqual([]);
    expect(removed).toEqual(["m1"]);
    expect(readdirSync(launcherFixture.options.stateDir)).toEqual([".lock"]);
  });
});
