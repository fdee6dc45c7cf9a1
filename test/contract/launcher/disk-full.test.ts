import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FILLER, writeBootDisk } from "../../support/boot-sector.ts";
import { runProcess } from "../../support/process.ts";
import { Workshop } from "./workshop.ts";

let workshop: Workshop;
let disk: string;
beforeEach(async () => {
  workshop = await Workshop.make();
  disk = workshop.options.stateDir;
  mkdirSync(disk);
  await runProcess("mount", ["-t", "tmpfs", "-o", "size=600m,mode=0700", "none", disk]);
  workshop.owner.own({ stop: () => runProcess("umount", [disk]) });
});
afterEach(() => workshop.close());

test("a full disk pauses the guest and says why; with room it goes on by itself, and nothing is lost", async () => {
  const file = join(workshop.folder, "base.raw");
  await writeBootDisk(file, FILLER, 64 * 1_048_576);
  const images = [{ id: "filler", boot: { kind: "disk", format: "raw", file } }];
  let launcher = await workshop.openWith(images);
  const ballast = join(disk, ".ballast");
  await launcher.create({ id: "m1", name: "filler", image: "filler" });
  // Everything but a few MiB, in one file that can be taken away again.
  await runProcess("fallocate", ["-l", "560M", ballast]);
  const paused = await workshop.reach(launcher, "m1", "paused");
  expect(paused.reason).toBe("The host's disk is full. The machine goes on when there is room.");
  await expect(launcher.create({ id: "m2", name: "two", image: "filler" })).rejects.toMatchObject({
    code: "HOST_DISK",
  });
  await launcher.close();
  launcher = await workshop.openWith(images);
  expect(launcher.machines()).toMatchObject([{ state: "paused", reason: paused.reason }]);
  rmSync(ballast);
  await workshop.hear(launcher, "m1", /E/);
  await workshop.reach(launcher, "m1", "running");
});
