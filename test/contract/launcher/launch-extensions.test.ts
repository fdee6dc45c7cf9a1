// What the launcher puts around QEMU: an account, a namespace with a filtered way out, limits. A guest that looks for the
// host's loopback, adopted on the way.
import { once } from "node:events";
import { chmod, readdir, readFile, readlink, stat } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { machinePaths } from "../../../launcher/model/machine-paths.ts";
import { readWholeState } from "../../support/machine-record.ts";
import { findSlirpProcess } from "../../../launcher/network/slirp-process.ts";
import { isAlive } from "../../../launcher/system/proc-stat.ts";
import { findScopeBackend } from "../../../launcher/system/resource-scope.ts";
import { buildLinuxGuest } from "../../support/guest/linux-guest.ts";
import { findFreePort } from "../../support/free-port.ts";
import { isPortOpen } from "../../support/is-port-open.ts";
import { makeSystemAccount } from "../../support/system-account.ts";
import { waitFor } from "../../support/wait-for.ts";
import { COUNTER, BOOT_COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  // Somewhere on the way an account may pass.
  await chmod(launcherFixture.folder, 0o711);
});
afterEach(() => launcherFixture.close());

const paths = (id: string) =>
  machinePaths(launcherFixture.options.stateDir, launcherFixture.options.runtimeDir, id);
const qemuOf = (id: string) => readWholeState(paths(id).state)!.process!;

test("a guest reaches of the host's loopback what was opened and nothing else, also under the next launcher", async () => {
  const port = await listen();
  const forwarded = await findFreePort();
  const attempt = (address: string, name: string) =>
    `nc -w 5 ${address} ${port} </dev/null 2>&1 | grep -q REACHED && echo GOT-${name}`;
  const script = [attempt("10.0.2.2", "loopback"), attempt("198.19.255.2", "exception")].join("\n");
  const guest = await buildLinuxGuest(launcherFixture.folder, script);
  await chmod(guest.initrd, 0o644);
  const boot = { kind: "kernel", ...guest, cmdline: "console=ttyS0 quiet panic=-1" };
  const image = { id: "linux", boot, network: "internet", memoryMb: { default: 192, min: 16 } };
  const { user } = await makeSystemAccount(launcherFixture.cleanup);
  const networks = { allow: [`127.0.0.1:${port}`], forward: [`one=tcp:127.0.0.1:${forwarded}:22`] };

  const first = await launcherFixture.openWith([image], { vmUser: user, networks });
  await first.create({ id: "m1", name: "one", image: "linux" });
  await launcherFixture.waitForState(first, "m1", "booting");
  await first.close();

  const second = await launcherFixture.openWith([image], { vmUser: user, networks });
  const qemu = qemuOf("m1");
  const wayOut = findSlirpProcess(qemu)!;
  expect(isAlive(wayOut)).toBe(true);
  expect(await readlink(`/proc/${qemu.pid}/ns/net`)).not.toBe(await readlink("/proc/self/ns/net"));
  expect(await uidOf(qemu.pid)).toBe((await stat(paths("m1").serialLog)).uid);
  expect(await uidOf(qemu.pid)).not.toBe(0);
  await waitFor("the forwarded port", () => isPortOpen("127.0.0.1", forwarded));

  const said = await waitFor(
    "the guest to be done",
    async () => {
      const { text } = await second.bootLog("m1");
      return text.includes("GUEST-DONE") ? text : undefined;
    },
    { timeoutMs: 150_000 },
  );
  expect(said.match(/GOT-\w+/g)).toEqual(["GOT-exception"]);
  await launcherFixture.waitForState(second, "m1", "stopped");
  await waitFor("its way out to end", () => !isAlive(wayOut));
  await waitFor(
    "its sockets to go",
    async () => (await readdir(launcherFixture.options.runtimeDir)).length === 0,
  );
  const keeper = findScopeBackend(null);
  if (keeper.kind === "cgroup") expect(await readdir(keeper.folder)).not.toContain(paths("m1").slot);
  expect(await isPortOpen("127.0.0.1", forwarded)).toBe(false);
}, 180_000);

test("the account has all that a machine with a TPM, a UEFI and a disk needs, at every start", async () => {
  const file = join(launcherFixture.folder, "images", "base.raw");
  await (await launcherFixture.open()).close();
  await writeBootDisk(file, COUNTER);
  await chmod(file, 0o400);
  const boot = { kind: "disk", format: "raw", file };
  const { user } = await makeSystemAccount(launcherFixture.cleanup);
  const image = { id: "disk", boot, firmware: { tpm: true } };
  const launcher = await launcherFixture.openWith([image], { vmUser: user });
  await launcher.create({ id: "m1", name: "one", image: "disk" });
  await launcherFixture.waitForState(launcher, "m1", "running");
  expect((await launcher.screenshot("m1", 320)).width).toBeGreaterThan(0);
  for (const { pid } of [qemuOf("m1"), ...readWholeState(paths("m1").state)!.companions])
    expect(await uidOf(pid)).not.toBe(0);
  await launcher.save("m1");
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  await launcher.start("m1");
  await launcherFixture.waitForState(launcher, "m1", "running");
});

test("the account has a data disk while its machine runs, and it is taken back afterwards, also after a crash", async () => {
  const file = join(launcherFixture.folder, "keeper.raw");
  await writeBootDisk(file, BOOT_COUNTER);
  await chmod(file, 0o644);
  const { user } = await makeSystemAccount(launcherFixture.cleanup);
  const image = { id: "keeper", boot: { kind: "disk", format: "raw", file } };
  const home = { image: "keeper", owner: "anna", dataDisk: { name: "home", sizeGb: 1 } };
  let launcher = await launcherFixture.openWith([image], { vmUser: user });
  await launcher.create({ id: "m1", name: "one", ...home });
  expect(await launcherFixture.waitForSerial(launcher, "m1", /SADAE/)).toContain("SADAE");
  const shelf = join(launcherFixture.options.stateDir, ".data-disks");
  const [slot = ""] = await readdir(shelf);
  const look = async (name: string) => {
    const { uid, mode } = await stat(join(shelf, slot, name));
    return { uid, mode: mode & 0o777 };
  };
  const uid = await uidOf(qemuOf("m1").pid);
  expect(uid).not.toBe(0);
  expect(await look("disk.qcow2")).toEqual({ uid, mode: 0o600 });
  // It can neither see what disks there are nor change what is written down about them.
  expect(await look("disk.json")).toEqual({ uid: 0, mode: 0o600 });
  expect(await look("")).toEqual({ uid: 0, mode: 0o710 });
  expect((await stat(shelf)).mode & 0o777).toBe(0o710);

  await launcher.stop("m1", true);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  const closed = { uid: 0, mode: 0o700 };
  await waitFor("the disk to be taken back", async () => (await look("")).mode === closed.mode);
  expect(await look("")).toEqual(closed);
  expect(await look("disk.qcow2")).toEqual({ uid: 0, mode: 0o600 });
  await launcher.create({ id: "m2", name: "two", ...home });
  expect(await launcherFixture.waitForSerial(launcher, "m2", /S.D.E/)).toContain("SADBE");
  await launcher.close();
  process.kill(qemuOf("m2").pid, "SIGKILL");
  await waitFor("QEMU to end", () => !isAlive(qemuOf("m2")));
  launcher = await launcherFixture.openWith([image], { vmUser: user });
  expect(await look("")).toEqual(closed);
  expect(await look("disk.qcow2")).toEqual({ uid: 0, mode: 0o600 });
  await launcher.start("m1");
  await waitFor("the first machine's second run", async () =>
    /SBDCE/.test((await launcher.bootLog("m1")).text),
  );
}, 120_000);

test("a start that fails says QEMU's words, whatever its network says after them", async () => {
  const file = join(launcherFixture.folder, "disk.raw");
  await writeBootDisk(file, COUNTER);
  const boot = { kind: "disk", format: "raw", file };
  const launcher = await launcherFixture.openWith([{ id: "disk", boot, network: "internet", keymap: "zz" }]);
  await launcher.create({ id: "m1", name: "one", image: "disk" });
  const failed = await waitFor("it to fail", () => {
    const machine = launcher.machines().find(({ id }) => id === "m1")!;
    return machine.state === "failed" ? machine : undefined;
  });
  expect(failed.reason).toMatch(/It said: .*could not read keymap file/);
  expect(await readFile(paths("m1").log, "utf8")).not.toMatch(/slirp|tapfd/);
  expect(await readFile(join(paths("m1").dir, "slirp.log"), "utf8")).toMatch(/slirp|tapfd/);
});

test("an account that cannot come to its folders is refused by name", async () => {
  await chmod(launcherFixture.folder, 0o700);
  const { user } = await makeSystemAccount(launcherFixture.cleanup);
  await expect(launcherFixture.open({ vmUser: user })).rejects.toMatchObject({ code: "ACCOUNT_PATH" });
  const opened = await launcherFixture.open({ vmUser: user, traversableFolders: [launcherFixture.folder] });
  expect((await stat(launcherFixture.folder)).mode & 0o777).toBe(0o710);
  await opened.close();
});

async function uidOf(pid: number): Promise<number> {
  return Number(/^Uid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))![1]);
}

/** A server on the host's loopback that greets. */
async function listen(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).end("REACHED\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  launcherFixture.cleanup.add({
    async stop() {
      server.close();
      await once(server, "close");
    },
  });
  return (server.address() as AddressInfo).port;
}
