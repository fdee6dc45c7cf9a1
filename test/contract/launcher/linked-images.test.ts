import { mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COUNTER, WRITER, writeBootDisk } from "../../support/boot-sector.ts";
import { runProcess } from "../../support/test-process.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

describe("an image that is a link", () => {
  /** As DARTS's `qwdctl` lays it out: the link beside a folder with the file. */
  async function makeLinkedImage(): Promise<{ link: string; first: string; second: string }> {
    const folder = join(launcherFixture.folder, "machines");
    const below = join(folder, "downloads", "lab.raw");
    mkdirSync(below, { recursive: true });
    const [first, second] = [join(below, "lab-1.raw"), join(below, "lab-2.raw")];
    await writeBootDisk(first, COUNTER);
    await writeBootDisk(second, WRITER);
    symlinkSync("downloads/lab.raw/lab-1.raw", join(folder, "lab.raw"));
    return { link: join(folder, "lab.raw"), first, second };
  }

  test("starts, and its machine keeps its file when the link leads to a newer one", async () => {
    const { link, first, second } = await makeLinkedImage();
    const launcher = await launcherFixture.openWith([
      { id: "lab", boot: { kind: "disk", format: "raw", file: link } },
    ]);
    expect(await launcher.images()).toMatchObject([{ id: "lab", available: true }]);
    await launcher.create({ id: "m1", name: "one", image: "lab" });
    await launcherFixture.waitForSerial(launcher, "m1", /Sabc/);

    symlinkSync("downloads/lab.raw/lab-2.raw", `${link}.new`);
    renameSync(`${link}.new`, link);
    await launcher.create({ id: "m2", name: "two", image: "lab" });
    await launcherFixture.waitForSerial(launcher, "m2", /W/);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    const bootOf = (id: string): unknown =>
      (
        JSON.parse(readFileSync(join(launcherFixture.options.stateDir, id, "spec.json"), "utf8")) as {
          boot: unknown;
        }
      ).boot;
    expect([bootOf("m1"), bootOf("m2")]).toMatchObject([{ file: first }, { file: second }]);
  });

  test("out of its folder is refused, in words that help; one to nothing is missing", async () => {
    const { link } = await makeLinkedImage();
    const secret = join(launcherFixture.folder, "secret.raw");
    await writeBootDisk(secret, COUNTER);
    const at = (name: string): string => join(link, "..", name);
    symlinkSync(secret, at("out.raw"));
    symlinkSync("out.raw", at("by-another.raw"));
    symlinkSync("downloads/none.raw", at("none.raw"));
    const launcher = await launcherFixture.openWith(
      ["out", "by-another", "none"].map((id) => ({
        id,
        boot: { kind: "disk", format: "raw", file: at(`${id}.raw`) },
      })),
    );
    const outwards =
      "The image cannot be used: it is a link out of its folder; name the file that it leads to.";
    expect(await launcher.images()).toMatchObject([
      { available: false, reason: outwards },
      { available: false, reason: outwards },
      { available: false, reason: "The image's file is missing on this host." },
    ]);
    await expect(launcher.create({ id: "m1", name: "one", image: "out" })).rejects.toMatchObject({
      code: "IMAGE_UNAVAILABLE",
    });
  });
});

test("an ISO whose entry has a disk's size gets the disk", async () => {
  const launcher = await launcherFixture.openWith([
    {
      ...{ id: "live", diskGb: { default: 2, min: 1 } },
      boot: { kind: "iso", file: "/usr/lib/memtest86+/memtest86+x64.iso" },
    },
  ]);
  await launcher.create({ id: "m1", name: "live", image: "live" });
  await launcherFixture.waitForState(launcher, "m1", "running");
  const overlay = join(launcherFixture.options.stateDir, "m1", "overlay.qcow2");
  const { stdout } = await runProcess("qemu-img", ["info", "-U", "--output=json", overlay]);
  expect(JSON.parse(stdout)).toMatchObject({ "virtual-size": 2 * 2 ** 30 });
});
