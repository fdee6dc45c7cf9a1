import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { machinePaths } from "../../../launcher/model/machine-paths.ts";
import { findProcesses, isAlive } from "../../../launcher/system/proc-stat.ts";
import type { MachineState } from "../../../protocol/index.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { startProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

/** The launcher killed again and again, in short; test/soak/kills.mjs is the long form. */
describe("a launcher that is killed", () => {
  let launcherFixture: LauncherFixture;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
    const file = join(launcherFixture.folder, "base.raw");
    await writeBootDisk(file, COUNTER);
    const boot = { kind: "disk", format: "raw", file };
    await launcherFixture
      .openWith([{ id: "tpm", boot, firmware: { tpm: true } }])
      .then((launcher) => launcher.close());
  });
  afterEach(() => launcherFixture.close());

  function running(program: RegExp) {
    const { socketBase } = machinePaths(
      launcherFixture.options.stateDir,
      launcherFixture.options.runtimeDir,
      "m1",
    );
    return findProcesses((line) => program.test(line.split("\0", 1)[0]!) && line.includes(socketBase));
  }

  const ends = (state: MachineState) => state === "failed" || state === "stopped";

  test.each([
    ["preparing", "launcher"],
    ["preparing", "launcher and QEMU"],
    ["booting", "launcher"],
    ["booting", "launcher and QEMU"],
  ] as const)("while the machine is %s (%s) leaves no orphan and no double", async (state, who) => {
    const { log: _log, clock: _clock, ...options } = launcherFixture.options;
    const catalogueFile = join(launcherFixture.folder, "catalogue.json");
    const child = startProcess(launcherFixture.cleanup, process.execPath, [
      join(import.meta.dirname, "launcher-child.mjs"),
      JSON.stringify({ ...options, catalogueFile }),
      JSON.stringify({ id: "m1", name: "one", image: "tpm" }),
    ]);
    await child.waitForOutput(new RegExp(`state ${state}`), 45_000);
    child.kill("SIGKILL");
    await child.exited;
    if (who !== "launcher") for (const { pid } of running(/qemu-system/)) process.kill(pid, "SIGKILL");

    const launcher = await launcherFixture.open({ catalogueFile });
    await waitFor("a state that stays", () => launcher.machines()[0]!.state !== "preparing");
    const alive = ends(launcher.machines()[0]!.state) ? 0 : 1;
    if (who !== "launcher") expect(alive).toBe(0);
    await waitFor("as many processes as machines", () =>
      [/qemu-system/, /swtpm/].every((program) => running(program).filter(isAlive).length === alive),
    );
    if (alive === 0) await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    expect(running(/qemu-system/)).toHaveLength(1);
    await launcher.remove("m1");
    expect([...running(/qemu-system/), ...running(/swtpm/)]).toEqual([]);
    expect(readdirSync(launcherFixture.options.runtimeDir)).toEqual([]);
    expect(readdirSync(launcherFixture.options.stateDir)).toEqual([".lock"]);
  });
});
