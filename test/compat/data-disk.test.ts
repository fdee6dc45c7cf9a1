// A Linux guest that boots from a disk image by BIOS: what it writes to its data disk is there in the next session, which has a
// fresh overlay over the same image, and the image is byte for byte what it was.
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildDiskImage } from "../support/guest/disk-guest.ts";
import { DATA_DISK_SCRIPT } from "../support/guest/data-disk-script.ts";
import { LauncherFixture } from "../contract/launcher/launcher-fixture.ts";

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

test("a file outlives its session, the system disk does not, and the image never changes", async () => {
  const file = await buildDiskImage(launcherFixture.folder, DATA_DISK_SCRIPT);
  const before = await readFile(file);
  const boot = { kind: "disk", format: "qcow2", file };
  const launcher = await launcherFixture.openWith([
    { id: "linux", boot, memoryMb: { default: 192, min: 16 } },
  ]);
  const said: string[] = [];
  for (const id of ["m1", "m2"]) {
    const dataDisk = { name: "home", sizeGb: 1 };
    await launcher.create({ id, name: id, image: "linux", owner: "anna", dataDisk });
    said.push(await launcherFixture.waitForSerial(launcher, id, /GUEST-DONE/, 160_000));
    await launcherFixture.waitForState(launcher, id, "stopped");
    await launcher.remove(id);
  }
  const [first, second] = said as [string, string];
  const letter = /AFTER ([0-9a-f-]{36})/.exec(first)![1]!;
  expect(first).toContain("FORMAT");
  expect(second).not.toContain("FORMAT");
  expect(second).toContain(`BEFORE ${letter}`);
  for (const text of said) {
    expect(text).toContain("SYSTEM 0000000000000000");
    expect(text).toContain("NOW scribble");
  }
  expect((await readFile(file)).equals(before)).toBe(true);
}, 400_000);
