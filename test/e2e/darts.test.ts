import { chmod, copyFile, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DartsConversion } from "../../bin/darts/convert-darts.ts";
import { readCatalogue } from "../../launcher/images/read-catalogue.ts";
import type { Bitmap, RgbColour } from "../support/bitmap.ts";
import { COUNTER, writeBootDisk } from "../support/boot-sector.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { DartsInstallation } from "../support/darts-installation.ts";
import { runPostern, startServerProgram, type PosternServer } from "../support/postern.ts";
import { seeScreen } from "../support/see-screen.ts";
import { runProcess } from "../support/test-process.ts";

const BLUE: RgbColour = [0, 0, 168];
const MEMTEST = "/usr/lib/memtest86+/memtest86+x64.iso";

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

describe("postern darts convert", () => {
  let machines: string;
  let config: string;
  let folder: string;

  beforeAll(async () => {
    folder = await cleanup.makeFolder();
    machines = path.join(folder, "machines.conf");
    config = path.join(folder, "config.pl");
    await writeFile(machines, "[tiny.iso]\nurl=https://example.org/tiny.iso\ndescription=Tiny\n[odd.xyz]\n");
    await writeFile(
      config,
      `$config{dir_machines} = "${folder}";
$config{snapshot_lifetime} = 7200;
$config{service_proxy} = "http://proxy.example.org:3128/?lab&me";
system("touch ${path.join(folder, "executed")}");
$config{dir_cfg} = system("touch ${path.join(folder, "executed")}");
`,
    );
  });

  it("writes a catalogue that a host takes, and says what to do with the rest", async () => {
    const out = path.join(folder, "catalogue.json");
    const args = ["darts", "convert", "--machines", machines, "--config", config, "--out", out];
    const { code, stdout, stderr } = await runPostern(args);
    expect([code, stdout]).toEqual([0, ""]);
    const proxy = "'http://proxy.example.org:3128/?lab&me'";
    expect(stderr.split("\n")).toEqual([
      "1 image",
      "postern server … --max-lifetime 7200",
      `http_proxy=${proxy} https_proxy=${proxy} postern host … --catalogue ${out}`,
      "converted: dir_machines, snapshot_lifetime, service_proxy",
      "warning: config.pl, line 5: dir_cfg is computed there; set it by hand.",
      "warning: odd.xyz: neither its ending nor its content is of a format that is known. It was left out.",
      "",
    ]);
    expect(await readCatalogue(out)).toMatchObject([{ id: "tiny", title: "Tiny", network: "internet" }]);
    await expect(readFile(path.join(folder, "executed"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("prints the catalogue alone, or everything as one value", async () => {
    const plain = await runPostern(["darts", "convert", "--machines", machines]);
    expect(JSON.parse(plain.stdout)).toMatchObject({ images: [{ id: "tiny" }] });
    const all = await runPostern(["darts", "convert", "--machines", machines, "--config", config, "--json"]);
    expect(JSON.parse(all.stdout)).toMatchObject({
      catalogue: { images: [{ id: "tiny" }] },
      server: ["--max-lifetime 7200"],
      converted: ["dir_machines", "snapshot_lifetime", "service_proxy"],
      unneeded: [],
      warnings: [expect.any(String), expect.any(String)],
    });
  });

  it("says which file cannot be read", async () => {
    const { code, stderr } = await runPostern(["darts", "convert", "--machines", "/nowhere"]);
    expect([code, stderr]).toEqual([
      2,
      "postern: /nowhere cannot be read. Check the path and its permissions.\n",
    ]);
  });
});

// The shape of a real installation: links of `qwdctl`, names that lie, and lists in variables.
describe("what was converted runs", () => {
  let server: PosternServer;
  let converted: DartsConversion;

  beforeAll(async () => {
    const root = await cleanup.makeFolder();
    const darts = await DartsInstallation.make(
      root,
      `my @mounts = ('/mnt', '${root}/nowhere');
$config{dir_mounts} = [@mounts];
$config{snapshot_lifetime} = 0;
$config{snapshot_alloc_mem} = 0.125;
$config{snapshot_alloc_disk} = 3.0;
$config{qemu_video} = "std";
$config{service_max_session_nb} = 10;
$config{service_max_session_nb_per_user} = 86400 / 28800;`,
    );
    const raw = path.join(root, "lab-2.raw");
    await writeBootDisk(raw, COUNTER);
    const qcow2 = path.join(root, "lab-2.qcow2");
    await runProcess("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, qcow2]);
    await darts.download("lab.qcow2", qcow2);
    await darts.download("other.img", qcow2);
    await darts.download("Live.ISO", MEMTEST);
    await copyFile(raw, path.join(root, "big.raw"));
    await chmod(path.join(root, "big.raw"), 0o644);
    await symlink(path.join(root, "big.raw"), path.join(darts.machines, "big.img"));
    await darts.list(
      "[lab.qcow2]\nurl=https://example.org/lab-2.qcow2\ndescription=Laboratoire – été",
      "[other.img]\ndescription=qcow2 by another name",
      "[Live.ISO]\ndescription=Live",
      "[big.img]",
    );
    const out = path.join(root, "catalogue.json");
    const args = ["--machines", darts.machinesConf, "--config", darts.configPl, "--out", out, "--json"];
    const { stdout } = await runPostern(["darts", "convert", ...args]);
    converted = JSON.parse(stdout) as DartsConversion;
    const options = [...converted.server, ...converted.host].flatMap((option) => option.split(" "));
    server = await startServerProgram(cleanup, {
      command: "up",
      args: ["--accel", "tcg", "--catalogue", out, ...options],
    });
  });

  it("says what it did about names that lie, and nothing else", () => {
    expect(converted.warnings).toEqual([
      "other.img: it is a qcow2 image, whatever its name says.",
      expect.stringMatching(/^big\.img: it is a link to .*\/big\.raw, which the catalogue names now\.$/),
    ]);
    expect(converted.server).toEqual(["--user-machines 3"]);
    expect(converted.unneeded).toContain("snapshot_lifetime");
  });

  it.each(["lab", "other", "big"])("%s has a screen", async (image) => {
    const picture = await see(server, image);
    expect(picture.count(BLUE, 12)).toBeGreaterThan(0.5 * picture.width * picture.height);
  });

  it("an ISO has a screen, and the disk of DARTS's size", async () => {
    const picture = await see(server, "live");
    expect(picture.count(BLUE, 12)).toBeGreaterThan(0.3 * picture.width * picture.height);
    const [{ id } = { id: "" }] = (await server.ask<{ id: string; image: string }[]>("vm", "list")).filter(
      (machine) => machine.image === "live",
    );
    const disk = path.join(server.data, "host/machines", id, "overlay.qcow2");
    const { stdout } = await runProcess("qemu-img", ["info", "-U", "--output=json", disk]);
    expect(JSON.parse(stdout)).toMatchObject({ "virtual-size": 3 * 2 ** 30 });
  });
});

/** Makes a machine and looks at its screen. */
async function see(server: PosternServer, image: string): Promise<Bitmap> {
  await server.ask("vm", "create", image, "--name", `${image}-1`, "--wait");
  return seeScreen(cleanup, server, `${image}-1`);
}
