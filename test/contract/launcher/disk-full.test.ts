import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FILLER, writeBootDisk } from "../../support/boot-sector.ts";
import { readWholeState } from "../../support/machine-record.ts";
import { runProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
let disk: string;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  disk = launcherFixture.options.stateDir;
  mkdirSync(disk);
  await runProcess("mount", ["-t", "tmpfs", "-o", "size=600m,mode=0700", "none", disk]);
  launcherFixture.cleanup.add({ stop: () => runProcess("umount", [disk]) });
});
afterEach(() => launcherFixture.close());

test("a full disk pauses the guest and says why; with room it goes on by itself, and nothing is lost", async () => {
  const file = join(launcherFixture.folder, "base.raw");
  await writeBootDisk(file, FILLER, 64 * 1_048_576);
  const images = [{ id: "filler", boot: { kind: "disk", format: "raw", file } }];
  let launcher = await launcherFixture.openWith(images);
  const ballast = join(disk, ".ballast");
  await launcher.create({ id: "m1", name: "filler", image: "filler" });
  // Everything but a few MiB, in one file that can be taken away again.
  await runProcess("fallocate", ["-l", "560M", ballast]);
  const paused = await launcherFixture.waitForState(launcher, "m1", "paused");
  expect(paused.reason).toBe("The host's disk is full. The machine goes on when there is room.");
  await expect(launcher.create({ id: "m2", name: "two", image: "filler" })).rejects.toMatchObject({
    code: "HOST_DISK",
  });
  await launcher.close();
  launcher = await launcherFixture.openWith(images);
  expect(launcher.machines()).toMatchObject([{ state: "paused", reason: paused.reason }]);
  rmSync(ballast);
  await launcherFixture.waitForSerial(launcher, "m1", /E/);
  await launcherFixture.waitForState(launcher, "m1", "running");
});

test("a launcher starts on a full disk, and its machines can be stopped and deleted", async () => {
  let launcher = await launcherFixture.open();
  for (const id of ["m1", "m2"]) {
    await launcher.create({ id, name: id, image: "memtest86+" });
    await launcherFixture.waitForState(launcher, id, "running");
  }
  const pid = launcherFixture.pidOf("m1");
  await launcher.close();
  process.kill(launcherFixture.pidOf("m2"), "SIGKILL");
  const ballast = join(disk, ".ballast");
  expect((await runProcess("sh", ["-c", 'cat /dev/zero > "$1"', "sh", ballast])).stderr).toMatch(/No space/);

  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => lines.push(line) });
  launcher = await launcherFixture.open({ log });
  expect(lines.join("")).toContain("launcher.disk-full");
  await expect(launcherFixture.open()).rejects.toMatchObject({ code: "STATE_IN_USE" });
  await launcherFixture.waitForState(launcher, "m1", "running");
  await launcherFixture.waitForState(launcher, "m2", "failed");
  await launcher.stop("m1", true);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  // It was adopted: whoever is its parent now takes it off the list.
  await waitFor("QEMU's end", () => !existsSync(`/proc/${pid}`));
  await launcher.remove("m2");
  expect(launcher.machines().map(({ id }) => id)).toEqual(["m1"]);
  rmSync(ballast);
  await waitFor(
    "its record to be written",
    () => readWholeState(join(disk, "m1", "state.json"))?.state === "stopped",
  );
});
