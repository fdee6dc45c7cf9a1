// DARTS as Debian packages it, with what its own `qwdctl` downloads: converted, and started.
import { createReadStream } from "node:fs";
import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { totalmem } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DartsConversion } from "../../bin/darts/convert-darts.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { COUNTER, writeBootCd } from "../support/boot-sector.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runPostern, startServerProgram } from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { seeScreen } from "../support/see-screen.ts";
import { runProcess } from "../support/test-process.ts";
import { waitFor } from "../support/wait-for.ts";

const PACKAGES = ["qemu-web-desktop", "confget"];
/** What the downloaded system paints. */
const BLUE: RgbColour = [0, 0, 168];

describe("Debian's package qemu-web-desktop", () => {
  const cleanup = new CleanupStack();
  let root: string;
  let settings: string;
  let converted: DartsConversion;
  let catalogue: string;

  beforeAll(async () => {
    root = await cleanup.makeFolder();
    await chmod(root, 0o755);
    await unpackPackages(root);
    const at = (...names: string[]): string => path.join(root, ...names);
    await writeBootCd(at("slax-1.iso"), COUNTER);
    const address = await serveFile(cleanup, at("slax-1.iso"));
    // What an administrator does: an entry without its comment signs, here with an address that answers.
    const list = await readFile(at("etc/qemu-web-desktop/machines.conf"), "utf8");
    const listed = list.replace(/^;(\[slax\.iso\]\n);url=.*\n;(description=.*)$/m, `$1url=${address}\n$2`);
    expect(listed).not.toBe(list);
    await writeFile(at("etc/qemu-web-desktop/machines.conf"), listed);
    await runQwdctl(root);
    settings = (await readFile(at("etc/qemu-web-desktop/config.pl"), "utf8")).replaceAll(
      '"/var/lib/',
      `"${root}/var/lib/`,
    );
    await writeFile(at("etc/qemu-web-desktop/config.pl"), settings);
    catalogue = at("catalogue.json");
    converted = await convert(root, at("etc/qemu-web-desktop/config.pl"), catalogue);
  });
  afterAll(() => cleanup.close());

  test("qwdctl left a link, which is what the catalogue names", async () => {
    const folder = path.join(root, "var/lib/qemu-web-desktop/machines");
    expect(
      (await readdir(folder, { withFileTypes: true })).map((one) => [one.name, one.isSymbolicLink()]),
    ).toEqual(expect.arrayContaining([["slax.iso", true]]));
    expect(converted.catalogue.images).toMatchObject([
      {
        ...{ id: "slax", title: expect.stringMatching(/^Slax/) as unknown, display: "qxl", hideKvm: true },
        ...{ cpus: { default: 1 }, memoryMb: { default: 4096 }, diskGb: { default: 10 } },
        boot: { kind: "iso", file: path.join(folder, "slax.iso") },
        shares: [
          { tag: "host_mnt", folder: "/mnt" },
          { tag: "host_media", folder: "/media" },
        ],
      },
    ]);
  });

  test("every setting of config.pl is converted, not needed, or named with what to do", () => {
    const names = [...settings.matchAll(/^\s*\$config\{(\w+)\}\s*=/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(40);
    const listed = [...converted.converted, ...converted.unneeded];
    const isTold = (name: string): boolean => converted.warnings.some((text) => text.startsWith(`${name}: `));
    expect(names.filter((name) => !listed.includes(name) && !isTold(name))).toEqual([]);
    expect(converted.warnings.filter((text) => /computed|not known|could not/.test(text))).toEqual([]);
    expect(converted.server).toEqual(
      expect.arrayContaining([
        "--max-lifetime 345600",
        "--user-machines 3",
        expect.stringMatching(/^--user-cpus \d+$/),
        `--user-memory-mb ${Math.max(Math.floor((0.3 * totalmem()) / 2 ** 20), 4096)}`,
      ]),
    );
    expect(converted.host).toEqual(
      expect.arrayContaining([
        "--max-load 0.8",
        "--max-instances 10",
        "--allow-shares /mnt",
        "--allow-shares /media",
      ]),
    );
  });

  test("server and host start with what was printed, and a machine has its screen and its disk", async () => {
    const options = [...converted.server, ...converted.host].flatMap((option) => option.split(" "));
    const server = await startServerProgram(cleanup, {
      command: "up",
      // This machine is not idle while tests run.
      args: ["--accel", "tcg", "--catalogue", catalogue, ...options, "--max-load", "1000"],
    });
    await server.ask("vm", "create", "slax", "--name", "one", "--memory", "512", "--wait");
    const picture = await seeScreen(cleanup, server, "one");
    expect(picture.count(BLUE, 12)).toBeGreaterThan(0.3 * picture.width * picture.height);
    const [machine] = await server.ask<{ id: string }[]>("vm", "list");
    const disk = path.join(server.data, "host/machines", machine!.id, "overlay.qcow2");
    const { stdout } = await runProcess("qemu-img", ["info", "-U", "--output=json", disk]);
    expect(JSON.parse(stdout)).toMatchObject({ "virtual-size": 10 * 2 ** 30 });
    await server.stop();
  });

  test("the same settings for ARM, with their qxl, give a machine that starts", async () => {
    const config = path.join(root, "arm.pl");
    await writeFile(config, settings.replace('"qemu-system-x86_64"', '"qemu-system-aarch64"'));
    const out = path.join(root, "arm.json");
    const { catalogue: made, warnings } = await convert(root, config, out);
    expect(made.images).toMatchObject([{ arch: "aarch64", display: "virtio" }]);
    expect(warnings).toContain("qemu_video: qxl is no adapter for aarch64; virtio was taken.");
    const server = await startServerProgram(cleanup, {
      command: "up",
      args: ["--accel", "tcg", "--catalogue", out, "--allow-shares", "/mnt", "--allow-shares", "/media"],
    });
    await server.ask("vm", "create", "slax", "--name", "arm", "--memory", "512");
    await waitFor(
      "its firmware's screen",
      async () => {
        const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
        const { width } = await viewer.handshake({ password: await server.createToken("arm") });
        await viewer.stop();
        return width >= 640;
      },
      { timeoutMs: 90_000 },
    );
  });
});

/** Converts the installation below `root`. */
async function convert(root: string, config: string, out: string): Promise<DartsConversion> {
  const machines = path.join(root, "etc/qemu-web-desktop/machines.conf");
  const files = ["--machines", machines, "--config", config, "--out", out];
  const { stdout } = await runPostern(["darts", "convert", ...files, "--json"]);
  return JSON.parse(stdout) as DartsConversion;
}

/** Fetches the packages and unpacks them; their own scripts are not run. */
async function unpackPackages(root: string): Promise<void> {
  const folder = path.join(root, "packages");
  await mkdir(folder);
  const download = () =>
    runProcess("apt-get", ["-o", "APT::Sandbox::User=root", "download", ...PACKAGES], { cwd: folder });
  const first = await download();
  if (first.code !== 0) {
    await runProcess("apt-get", ["update"]);
    expect(await download()).toMatchObject({ code: 0 });
  }
  for (const file of await readdir(folder))
    expect(await runProcess("dpkg", ["-x", path.join(folder, file), root])).toMatchObject({ code: 0 });
}

/** `qwdctl download` with its folders below `root`, and without the account that the package's own scripts make. */
async function runQwdctl(root: string): Promise<void> {
  const script = path.join(root, "usr/bin/qwdctl");
  const text = await readFile(script, "utf8");
  const moved = text.replaceAll("/etc/qemu-web-desktop", `${root}/etc/qemu-web-desktop`);
  await writeFile(script, moved.replaceAll("/var/lib/qemu-web-desktop", `${root}/var/lib/qemu-web-desktop`));
  await mkdir(path.join(root, "var/lib/qemu-web-desktop"), { recursive: true });
  const bin = path.join(root, "bin");
  await mkdir(bin);
  await writeFile(path.join(bin, "chown"), "#!/bin/sh\n", { mode: 0o755 });
  const env = {
    ...process.env,
    no_proxy: "127.0.0.1",
    PATH: `${bin}:${path.join(root, "usr/bin")}:${process.env.PATH ?? ""}`,
  };
  const { code, stdout, stderr } = await runProcess("sh", [script, "download"], { env });
  expect([code, stdout], stderr).toEqual([0, expect.stringContaining("Found slax.iso")]);
}

/** @returns an address of this machine that gives the file, under its own name */
async function serveFile(cleanup: CleanupStack, file: string): Promise<string> {
  const server = createServer((_request, response) => {
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path.basename(file)}`;
}
