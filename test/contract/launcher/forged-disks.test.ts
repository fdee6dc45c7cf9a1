// A QEMU that was taken over can write any name into its disk's header. qemu-img, which may read everything, follows none.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { machinePaths } from "../../../launcher/model/machine-paths.ts";
import { repairLeaks } from "../../../launcher/disks/machine-disks.ts";
import type { Launcher } from "../../../launcher/index.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { runProcess } from "../../support/test-process.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const SECRET = "root:$y$the-hosts-own-secret";

let launcherFixture: LauncherFixture;
let launcher: Launcher;
let base: Buffer;
const inside = (name: string): string => join(launcherFixture.folder, name);
const overlay = (): string =>
  machinePaths(launcherFixture.options.stateDir, launcherFixture.options.runtimeDir, "m1").overlay;

beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  base = await writeBootDisk(inside("counter.raw"), COUNTER);
  const secret = Buffer.alloc(base.length);
  secret.write(SECRET, 512);
  await writeFile(inside("secret"), secret, { mode: 0o600 });
  const boot = { kind: "disk", format: "raw", file: inside("counter.raw") };
  launcher = await launcherFixture.openWith([{ id: "counter", boot }]);
  await launcher.create({ id: "m1", name: "one", image: "counter" });
  await launcherFixture.waitForSerial(launcher, "m1", /Sabc/);
  await launcher.stop("m1", true);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
});
afterEach(() => launcherFixture.close());

test.each([
  ["another file", () => inside("secret")],
  [
    "a chain of drivers",
    () => `json:{"driver":"raw","file":{"driver":"file","filename":"${inside("secret")}"}}`,
  ],
])(
  "an image made of a disk that names %s holds what lies beneath the machine, and nothing else",
  async (_, name) => {
    await qemuImg("rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", name(), overlay());
    await launcher.takeSnapshot("m1", "now");
    expect(await launcher.snapshots("m1")).toMatchObject([{ name: "now" }]);
    await launcher.restoreSnapshot("m1", "now");
    await launcher.saveAsImage("m1", { id: "mine", title: "Mine" });
    const image = inside("images/mine.qcow2");
    const { stdout } = await qemuImg("info", "--output=json", image);
    expect(stdout).not.toContain("backing");
    await qemuImg("convert", "-f", "qcow2", "-O", "raw", image, inside("flat"));
    const flat = await readFile(inside("flat"));
    expect(flat.includes(SECRET)).toBe(false);
    expect(flat.subarray(0, base.length).equals(base)).toBe(true);
  },
);

test("a disk that keeps its data in another file is refused, and that file stays as it is", async () => {
  const secret = await readFile(inside("secret"));
  const keeps = `data_file=${inside("data")},data_file_raw=on`;
  await qemuImg("create", "-q", "-f", "qcow2", "-o", keeps, overlay(), "1M");
  await qemuImg("amend", "-f", "qcow2", "-o", `data_file=${inside("secret")}`, overlay());
  const unsafe = {
    code: "OVERLAY_UNSAFE",
    safeMessage: "The machine's disk cannot be used: it keeps its data in another file.",
  };
  await expect(launcher.saveAsImage("m1", { id: "mine", title: "Mine" })).rejects.toMatchObject(unsafe);
  await expect(launcher.takeSnapshot("m1", "now")).rejects.toMatchObject(unsafe);
  await expect(launcher.snapshots("m1")).rejects.toMatchObject(unsafe);
  const { atimeMs } = await stat(inside("secret"));
  await repairLeaks("qemu-img", [{ name: "disk0", file: overlay() }]);
  expect((await stat(inside("secret"))).atimeMs).toBe(atimeMs);
  expect((await readFile(inside("secret"))).equals(secret)).toBe(true);
  expect(await launcher.images()).toMatchObject([{ id: "counter" }]);
});

async function qemuImg(...args: string[]) {
  const result = await runProcess("qemu-img", args);
  expect(result.stderr, args.join(" ")).toBe("");
  return result;
}
