import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Launcher } from "../../../launcher/index.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

describe("the life of a machine", () => {
  let launcherFixture: LauncherFixture;
  let launcher: Launcher;
  let catalogueFile: string;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
    const file = join(launcherFixture.folder, "counter.raw");
    await writeBootDisk(file, COUNTER);
    launcher = await launcherFixture.openWith([
      { id: "counter", boot: { kind: "disk", format: "raw", file } },
    ]);
    catalogueFile = join(launcherFixture.folder, "catalogue.json");
    await launcher.create({ id: "m1", name: "counter", image: "counter" });
    await launcherFixture.waitForState(launcher, "m1", "running");
  });
  afterEach(() => launcherFixture.close());

  const counted = async () => (await launcher.bootLog("m1")).text;

  /** The guest counts on from where it is, and has begun so many times in all. */
  async function expectCounting(beginnings: number): Promise<void> {
    const before = (await counted()).length;
    await waitFor("the guest to count", async () => (await counted()).length > before + 3, {
      timeoutMs: 45_000,
    });
    expect((await counted()).split("S").length - 1).toBe(beginnings);
  }

  test("pauses, goes on, and is reset", async () => {
    await expect(launcher.resume("m1")).rejects.toMatchObject({ code: "MACHINE_STATE" });
    expect((await launcher.pause("m1")).state).toBe("paused");
    const still = await counted();
    await expect(launcher.pause("m1")).rejects.toMatchObject({
      safeMessage: "That is not possible while the machine is paused.",
    });
    expect(launcher.displays()).toHaveLength(1);
    await launcher.screenshot("m1", 320);
    expect(await counted()).toBe(still);
    expect((await launcher.resume("m1")).state).toBe("running");
    await expectCounting(1);
    expect((await launcher.reset("m1")).state).toBe("booting");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await expectCounting(2);
    await launcher.pause("m1");
    expect((await launcher.reset("m1")).state).toBe("booting");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await expectCounting(3);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    await expect(launcher.pause("m1")).rejects.toMatchObject({ code: "MACHINE_STATE" });
  });

  test("is paused for a launcher that comes back, too", async () => {
    await launcher.pause("m1");
    await launcher.close();
    launcher = await launcherFixture.open({ catalogueFile });
    expect(launcher.machines()[0]!.state).toBe("paused");
    await launcher.resume("m1");
    await expectCounting(1);
  });

  test("is saved, survives a new launcher, and goes on where it was, once", async () => {
    expect((await launcher.save("m1")).state).toBe("saving");
    const off = await launcherFixture.waitForState(launcher, "m1", "stopped");
    expect(off).toMatchObject({ saved: true });
    expect(readdirSync(launcherFixture.options.runtimeDir)).toEqual([]);
    await launcher.close();
    launcher = await launcherFixture.open({ catalogueFile });
    expect(launcher.machines()).toMatchObject([{ state: "stopped", saved: true }]);
    await launcher.start("m1");
    const back = await launcherFixture.waitForState(launcher, "m1", "running");
    expect(back.saved).toBeUndefined();
    await expectCounting(1);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await expectCounting(2);
  });

  test("keeps snapshots with its memory, goes back to them live, and from off", async () => {
    expect(await launcher.snapshots("m1")).toEqual([]);
    const [taken] = await launcher.takeSnapshot("m1", "1");
    expect(taken).toMatchObject({ name: "1", withMemory: true });
    expect(taken!.bytes).toBeGreaterThan(100_000);
    await expect(launcher.takeSnapshot("m1", "1")).rejects.toMatchObject({ code: "SNAPSHOT_EXISTS" });
    await expect(launcher.restoreSnapshot("m1", "2")).rejects.toMatchObject({ code: "SNAPSHOT_UNKNOWN" });
    expect((await launcher.restoreSnapshot("m1", "1")).state).toBe("running");
    await expectCounting(1);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    await launcher.takeSnapshot("m1", "disk alone");
    expect((await launcher.snapshots("m1")).map((one) => [one.name, one.withMemory])).toEqual([
      ["1", true],
      ["disk alone", false],
    ]);
    expect(await launcher.restoreSnapshot("m1", "1")).toMatchObject({ state: "stopped", saved: true });
    expect((await launcher.restoreSnapshot("m1", "disk alone")).saved).toBeUndefined();
    expect(await launcher.restoreSnapshot("m1", "1")).toMatchObject({ saved: true });
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await expectCounting(1);
    await expect(launcher.restoreSnapshot("m1", "disk alone")).rejects.toMatchObject({
      code: "MACHINE_RUNNING",
    });
    await launcher.removeSnapshot("m1", "disk alone");
    expect(await launcher.removeSnapshot("m1", "1")).toEqual([]);
  });

  test("one thing at a time is done to it", async () => {
    const snapshot = launcher.takeSnapshot("m1", "a");
    await expect(launcher.takeSnapshot("m1", "b")).rejects.toMatchObject({ code: "MACHINE_BUSY" });
    await snapshot;
    expect(launcherFixture.states).not.toContain("paused");
  });

  test("a QEMU that is killed while it saves is a failure, and starts again", async () => {
    await launcher.save("m1");
    process.kill(launcherFixture.pidOf("m1"), "SIGKILL");
    const over = await waitFor("its end", () =>
      launcher.machines().find(({ state }) => state === "failed" || state === "stopped"),
    );
    // The kill may come when everything is on disk already.
    expect(over.state === "stopped").toBe(over.saved === true);
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
  });

  test("a launcher that goes while a machine is saved leaves it to the next one", async () => {
    await launcher.save("m1");
    await launcher.close();
    launcher = await launcherFixture.open({ catalogueFile });
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    expect(launcher.machines()[0]).toMatchObject({ saved: true });
    await launcher.remove("m1");
    expect(existsSync(join(launcherFixture.options.stateDir, "m1"))).toBe(false);
  });

  test("becomes an image that others are made from", async () => {
    const image = { id: "mine", title: "Mine" };
    await expect(launcher.saveAsImage("m1", image)).rejects.toMatchObject({ code: "MACHINE_STATE" });
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    const progress: (number | undefined)[] = [];
    launcher.on("state", (status) => progress.push(status.progress));
    expect(await launcher.saveAsImage("m1", image)).toMatchObject({ ...image, available: true });
    expect(progress.at(0)).toBe(0);
    expect(progress.at(-2)).toBe(1);
    expect(progress.at(-1)).toBeUndefined();
    await expect(launcher.saveAsImage("m1", image)).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    await launcher.remove("m1");
    await launcher.close();
    launcher = await launcherFixture.open({ catalogueFile });
    expect((await launcher.images()).map(({ id }) => id)).toEqual(["counter", "mine"]);
    await launcher.create({ id: "m1", name: "second", image: "mine" });
    await launcherFixture.waitForState(launcher, "m1", "running");
    await expectCounting(1);
    await expect(
      launcher.create({ id: "m2", name: "third", image: "mine", master: true }),
    ).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
  });

  test("counts against the host's limits, which the host tells", async () => {
    const facts = await launcher.facts();
    expect(facts).toMatchObject({ accel: "tcg", instances: { running: 1, max: 10 }, gpus: [] });
    expect(facts.memoryMb.free).toBeLessThan(facts.memoryMb.total);
    expect(facts.diskMb.free).toBeGreaterThan(0);
    await launcher.close();
    const limits = { ...launcherFixture.options.limits, maxInstances: 2 };
    launcher = await launcherFixture.open({ catalogueFile, limits });
    const results = await Promise.allSettled(
      ["m2", "m3", "m4"].map((id) => launcher.create({ id, name: id, image: "counter" })),
    );
    // Which of the three comes first is not promised.
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(2);
    for (const result of refused)
      expect(result).toMatchObject({
        reason: { safeMessage: "machines: 2 of 2 run. Stop another one first." },
      });
    for (const name of readdirSync(join(launcherFixture.options.stateDir, "m1")))
      expect(statSync(join(launcherFixture.options.stateDir, "m1", name)).mode & 0o077, name).toBe(0);
  });
});
