// Each monitor of a machine is a desktop of its own: shown, taken over and taken away together.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { machinePaths } from "../../../launcher/model/machine-paths.ts";
import type { Launcher } from "../../../launcher/index.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import type { Bitmap } from "../../support/bitmap.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const BOTH = ["one", "one-2"];

let launcherFixture: LauncherFixture;
let image: object;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  const file = join(launcherFixture.folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const boot = { kind: "disk", format: "raw", file };
  image = { id: "c", boot, display: "std", displays: ["virtio", "qxl"] };
});
afterEach(() => launcherFixture.close());

const namesOf = (launcher: Launcher): string[] => launcher.displays().map(({ display }) => display.name);

async function readScreenshot(launcher: Launcher, name: string): Promise<Bitmap> {
  const { display } = launcher.displays().find((one) => one.display.name === name)!;
  const viewer = await connectRfb(launcherFixture.cleanup, { path: display.socketPath });
  await viewer.handshake({ password: display.vncPassword! });
  viewer.setEncodings(0);
  viewer.requestUpdate();
  await viewer.readUpdate();
  await viewer.stop();
  return viewer.framebuffer.picture;
}

/** The guest paints the first screen blue; nobody has drawn on the second. */
async function expectOwnPictures(launcher: Launcher): Promise<void> {
  expect(namesOf(launcher)).toEqual(BOTH);
  const [first, second] = [await readScreenshot(launcher, "one"), await readScreenshot(launcher, "one-2")];
  const blue = (picture: Bitmap): number => picture.count([0, 0, 168], 12) / (picture.width * picture.height);
  expect(blue(first)).toBeGreaterThan(0.5);
  expect(blue(second)).toBeLessThan(0.1);
}

describe.each(["virtio", "qxl"] as const)("two monitors of %s", (display) => {
  test("show a picture each, also to the next launcher and after a save, and go together", async () => {
    const first = await launcherFixture.openWith([image]);
    await first.create({ id: "m1", name: "one", image: "c", display, monitors: 2 });
    await launcherFixture.waitForSerial(first, "m1", /Sabc/);
    await expectOwnPictures(first);
    await first.close();

    const second = await launcherFixture.openWith([image]);
    const events: string[] = [];
    second.on("display", ({ machine, display }) => events.push(`+ ${machine.id} ${display.name}`));
    second.on("displayGone", ({ machine, display }) => events.push(`- ${machine.id} ${display.name}`));
    await expectOwnPictures(second);
    await second.save("m1");
    await launcherFixture.waitForState(second, "m1", "stopped");
    expect(namesOf(second)).toEqual([]);
    await second.start("m1");
    await launcherFixture.waitForState(second, "m1", "running");
    await expectOwnPictures(second);
    await second.remove("m1");
    expect(namesOf(second)).toEqual([]);
    const [came, went] = ["+", "-"].map((sign) => BOTH.map((name) => `${sign} m1 ${name}`));
    expect(events).toEqual([...went!, ...came!, ...went!]);
  });
});

test("names of further screens are taken, whichever machine came first", async () => {
  const launcher = await launcherFixture.openWith([image]);
  const create = (id: string, name: string, monitors: number) =>
    launcher.create({ id, name, image: "c", display: "virtio", monitors });
  await create("m1", "one", 2);
  await expect(create("m2", "one-2", 1)).rejects.toMatchObject({ code: "MACHINE_NAME_TAKEN" });
  await create("m3", "two-3", 1);
  await expect(create("m4", "two", 3)).rejects.toMatchObject({ code: "MACHINE_NAME_TAKEN" });
  await create("m5", "two", 2);
  expect(launcher.machines().map(({ name }) => name)).toEqual(["one", "two-3", "two"]);
});

test("a machine that an older launcher started shows its first screen alone", async () => {
  const first = await launcherFixture.openWith([image]);
  await first.create({ id: "m1", name: "one", image: "c", display: "virtio", monitors: 2 });
  await launcherFixture.waitForSerial(first, "m1", /Sabc/);
  await first.close();
  const { socketBase } = machinePaths(
    launcherFixture.options.stateDir,
    launcherFixture.options.runtimeDir,
    "m1",
  );
  rmSync(`${socketBase}vn2`);
  const second = await launcherFixture.openWith([image]);
  expect(namesOf(second)).toEqual(["one"]);
  expect((await readScreenshot(second, "one")).count([0, 0, 168], 12)).toBeGreaterThan(100_000);
});
