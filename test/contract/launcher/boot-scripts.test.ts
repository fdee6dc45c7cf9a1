// Boot scripts of a host's machines, from the order to the end: what is refused at once, what QEMU gets, what stays, and
// what is never told. What they do inside a guest is test/compat/boot-scripts-guest.test.ts.
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { Launcher, LauncherOptions } from "../../../launcher/index.ts";
import { readWholeState } from "../../support/machine-record.ts";
import { isAlive } from "../../../launcher/system/proc-stat.ts";
import { COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { runProcess } from "../../support/test-process.ts";
import { makeSystemAccount } from "../../support/system-account.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const SECRET_SCRIPT = "exec: echo @CREDENTIAL@ > /root/secret";
let launcherFixture: LauncherFixture;
let file: string;
let bootScripts: NonNullable<LauncherOptions["bootScripts"]>;
const path = process.env["PATH"];
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  await chmod(launcherFixture.folder, 0o711);
  const { imagesDir } = launcherFixture.options;
  await mkdir(imagesDir, { recursive: true });
  file = join(imagesDir, "base.raw");
  await writeBootDisk(file, COUNTER);
  const folder = join(launcherFixture.folder, "scripts");
  await mkdir(folder);
  bootScripts = { folder, allowHosts: [], network: false };
});
afterEach(async () => {
  process.env["PATH"] = path;
  await launcherFixture.close();
});

const disk = (more: object = {}) => ({
  ...{ id: "disk", boot: { kind: "disk", format: "raw", file }, script: "cloud-init" },
  ...more,
});
const machineFile = (...names: string[]) => join(launcherFixture.options.stateDir, ...names);

describe("a host that runs no boot scripts", () => {
  it("refuses them and says what its administrator can do, whoever they are from", async () => {
    const own = disk({ id: "own", scripts: ["exec: true"] });
    const launcher = await launcherFixture.openWith([disk(), own]);
    for (const order of [
      { id: "m1", name: "one", image: "disk", script: "exec: true" },
      { id: "m2", name: "two", image: "own" },
    ])
      await expect(launcher.create(order)).rejects.toMatchObject({
        code: "HOST_SCRIPT",
        safeMessage: expect.stringContaining("--boot-scripts"),
      });
    await launcher.create({ id: "m3", name: "three", image: "disk", script: "catalogue" });
    expect(await readdir(launcherFixture.options.stateDir)).not.toContain("m1");
    expect(await launcher.credential("m3")).toBeNull();
  });
});

test.each([
  ["if(: exec: true", {}, "SCRIPT_CONDITION"],
  ["rm -rf /", {}, "SCRIPT_KIND"],
  ["exec: echo @PW@", {}, "SCRIPT_PASSWORD"],
  ["exec: true", { script: "none" }, "SCRIPT_ROUTE"],
  ["virt-customize: upload /etc/shadow:/x", {}, "SCRIPT_OPTION"],
  [`exec: ${"é".repeat(40_000)}`, {}, "SCRIPT_LONG"],
  ["virt-customize: touch /a", { boot: { kind: "iso", file: "/dev/null" } }, "SCRIPT_DISK"],
  ["exec: true", { script: "virt-customize" }, "SCRIPT_CUSTOMIZER"],
] as const)("%j is refused at once, and nothing is made", async (script, change, code) => {
  process.env["PATH"] = await pathWithout("virt-customize");
  const iso = "boot" in change ? { boot: { kind: "iso", file: await writeIso() } } : {};
  const launcher = await launcherFixture.openWith([disk({ ...change, ...iso })], { bootScripts });
  await expect(
    launcher.create({ id: "m1", name: "one", image: "disk", script: script.slice(0, 65_536) }),
  ).rejects.toMatchObject({ code });
  expect(launcher.machines()).toEqual([]);
  expect(await readdir(launcherFixture.options.stateDir)).not.toContain("m1");
});

test("the machine has its seed at every start, its owner the secret, and nobody else either", async () => {
  const { user } = await makeSystemAccount(launcherFixture.cleanup);
  const logged: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  const options = { bootScripts, vmUser: user, log };
  const first = await launcherFixture.openWith([disk()], options);
  await first.create({ id: "m1", name: "one", image: "disk", owner: "ada", script: SECRET_SCRIPT });
  await launcherFixture.waitForState(first, "m1", "running");
  const secret = await first.credential("m1");
  expect(secret).toMatch(/^\w{20}$/);
  const seed = machineFile("m1", "seed.iso");
  const { mode, uid } = await stat(seed);
  expect([mode & 0o777, uid]).toEqual([0o640, 0]);
  const commandLine = await readFile(`/proc/${launcherFixture.pidOf("m1")}/cmdline`, "utf8");
  expect(commandLine).toContain(`"filename":"${seed}"`);
  expect(commandLine).toContain('"read-only":true');
  await first.close();

  // Adopted, stopped, started again.
  const second = await launcherFixture.openWith([disk()], options);
  expect(await second.credential("m1")).toBe(secret);
  await second.stop("m1", true);
  await launcherFixture.waitForState(second, "m1", "stopped");
  const before = await readFile(seed);
  await second.start("m1");
  await launcherFixture.waitForState(second, "m1", "running");
  expect(await readFile(seed)).toEqual(before);

  const told = [logged.join(""), commandLine, JSON.stringify(second.machines())];
  for (const name of ["spec.json", "state.json", "qemu.log"])
    told.push(await readFile(machineFile("m1", name), "utf8"));
  expect(told.filter((text) => text.includes(secret!))).toEqual([]);
  await second.remove("m1");
  expect(await readdir(launcherFixture.options.stateDir)).not.toContain("m1");
});

test("a host that runs none any more starts what is ready, and refuses what is not", async () => {
  const first = await launcherFixture.openWith([disk()], { bootScripts });
  await first.create({ id: "m1", name: "one", image: "disk", script: SECRET_SCRIPT });
  await launcherFixture.waitForState(first, "m1", "running");
  const missing = join(bootScripts.folder, "missing.sh");
  await first.create({ id: "m2", name: "two", image: "disk", script: missing });
  expect(await launcherFixture.waitForState(first, "m2", "failed")).toMatchObject({
    reason: expect.stringContaining("There is no boot script"),
  });
  await first.stop("m1", true);
  await launcherFixture.waitForState(first, "m1", "stopped");
  await first.close();
  const second = await launcherFixture.openWith([disk()]);
  await second.start("m1");
  await launcherFixture.waitForState(second, "m1", "running");
  await second.start("m2");
  await waitFor("m2 to be refused", () => /--boot-scripts/.test(find(second, "m2").reason ?? ""));
});

describe("a script that changes the disk", () => {
  const order = { id: "m1", name: "one", image: "disk", script: "virt-customize: touch /a" };

  /** A program in the place of virt-customize, whose appliance takes a minute to begin. */
  async function openWith(program: string, changes: Partial<LauncherOptions> = {}): Promise<Launcher> {
    const folder = join(launcherFixture.folder, "bin");
    await mkdir(folder);
    await writeFile(join(folder, "virt-customize"), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    process.env["PATH"] = `${folder}:${path ?? ""}`;
    return launcherFixture.openWith([disk()], { bootScripts, ...changes });
  }

  /** One byte of a disk image and of those that it stands on, read as qemu-img follows them. */
  async function readByte(image: string, offset: number): Promise<number> {
    const raw = join(launcherFixture.folder, "look.raw");
    const args = ["convert", "-f", "qcow2", "-O", "raw", image, raw];
    expect(await runProcess("qemu-img", args)).toMatchObject({ code: 0 });
    return (await readFile(raw))[offset]!;
  }

  it("stands between the image and the machine's disk, for every account, and goes into its image", async () => {
    const { user } = await makeSystemAccount(launcherFixture.cleanup);
    const mark = 'exec qemu-io -f qcow2 -c "write -P 90 64k 512" "$5"';
    const launcher = await openWith(mark, { vmUser: user });
    const before = await readFile(file);
    await launcher.create(order);
    await launcher.create({ ...order, id: "m2", name: "two" });
    for (const id of ["m1", "m2"]) await launcherFixture.waitForState(launcher, id, "running");
    const customized = machineFile("m1", "customized.qcow2");
    const commandLine = await readFile(`/proc/${launcherFixture.pidOf("m1")}/cmdline`, "utf8");
    expect(commandLine).toContain(`"filename":"${customized}"`);
    // Both have the same file, which nobody may write to.
    expect((await stat(customized)).ino).toBe((await stat(machineFile("m2", "customized.qcow2"))).ino);
    expect((await stat(customized)).mode & 0o777).toBe(0o440);
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    await launcher.saveAsImage("m1", { id: "mine", title: "Mine" });
    const { imagesDir } = launcherFixture.options;
    expect(await readByte(join(imagesDir, "mine.qcow2"), 65_536)).toBe(90);
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "running");
    await launcher.remove("m1");
    expect(await readdir(machineFile(".customized"))).toHaveLength(1);
    expect(await readFile(file)).toEqual(before);
  });

  async function begin(launcher: Launcher) {
    await launcher.create(order);
    await waitFor("it to say why it takes long", () =>
      /changes the machine's disk/.test(find(launcher, "m1").reason ?? ""),
    );
    return waitFor("its process", () => readWholeState(machineFile("m1", "state.json"))?.companions[0]);
  }

  it("is given up with the machine's start, and leaves nothing", async () => {
    const launcher = await openWith("exec sleep 600");
    const process = await begin(launcher);
    await launcher.stop("m1", false);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    expect(isAlive(process)).toBe(false);
    expect(await readdir(machineFile(".customized"))).toEqual([]);
    expect(await readdir(machineFile("m1"))).toEqual(["base.json", "spec.json", "state.json"]);
  });

  it("of another machine waits in line, and can be given up there", async () => {
    const launcher = await openWith("exec sleep 600");
    await begin(launcher);
    const personal = `${order.script}-@SESSION_NAME@`;
    await launcher.create({ ...order, id: "m2", name: "two", script: personal });
    await waitFor("m2 to wait", () => /changes the machine's disk/.test(find(launcher, "m2").reason ?? ""));
    expect(readWholeState(machineFile("m2", "state.json"))?.companions).toEqual([]);
    await launcher.stop("m2", false);
    await launcherFixture.waitForState(launcher, "m2", "stopped");
    expect(find(launcher, "m1").state).toBe("preparing");
  });

  it("ends with the machine that is deleted while it works", async () => {
    const launcher = await openWith("exec sleep 600");
    const process = await begin(launcher);
    await launcher.remove("m1");
    expect(isAlive(process)).toBe(false);
    expect(await readdir(launcherFixture.options.stateDir)).not.toContain("m1");
  });
});

function find(launcher: Launcher, id: string) {
  return launcher.machines().find((machine) => machine.id === id)!;
}

async function writeIso(): Promise<string> {
  const iso = join(launcherFixture.folder, "a.iso");
  await writeBootDisk(iso, COUNTER);
  return iso;
}

/** The search path with every folder that has a program replaced by one with links to the others we need. */
async function pathWithout(program: string): Promise<string> {
  const folders = (path ?? "").split(":");
  const has = await Promise.all(
    folders.map((folder) =>
      readdir(folder).then(
        (names) => names.includes(program),
        () => false,
      ),
    ),
  );
  if (!has.some(Boolean)) return path ?? "";
  const folder = join(launcherFixture.folder, "without");
  await mkdir(folder);
  for (const name of ["qemu-system-x86_64", "qemu-img"])
    await writeFile(join(folder, name), `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`, { mode: 0o755 });
  return [folder, ...folders.filter((_, index) => has[index] !== true)].join(":");
}
