// A real QEMU under an account without rights, in a namespace: it has its files, the launcher reaches its sockets, and
// the machine's folder stays the launcher's.
import { access, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { networkPaths, prepareNetwork } from "../../../launcher/network/prepare-network.ts";
import { probeNetwork } from "../../../launcher/network/probe-network.ts";
import { grantFiles, grantMachineAccountTraversal } from "../../../launcher/system/account-files.ts";
import { findAccount, runAsAccount } from "../../../launcher/system/system-account.ts";
import { attachQmp } from "../../../launcher/qmp/attach-qmp.ts";
import { systemClock } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { runProcess, startProcess } from "../../support/test-process.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { makeSystemAccount } from "../../support/system-account.ts";
import { CLOSED_POLICY } from "../../support/closed-policy.ts";

const PASSWORD = "k3yh0le5";
const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

it("runs QEMU as the account, with its files and no others", async () => {
  const { user } = await makeSystemAccount(cleanup);
  const runAs = {
    kind: "account",
    account: findAccount(user, await readFile("/etc/passwd", "utf8"), [])!,
  } as const;
  const folder = await cleanup.makeFolder();
  const [machine, sockets] = [path.join(folder, "vm"), path.join(folder, "run")] as const;
  for (const made of [machine, sockets]) await mkdir(made, { mode: 0o700 });
  const at = (name: string): string => path.join(machine, name);
  await writeFile(at("spec.json"), "{}", { mode: 0o600 });
  await writeFile(at("vnc-secret"), PASSWORD, { mode: 0o600 });
  await grantFiles(runAs, {
    traversableFolders: [folder, machine],
    socketFolder: sockets,
    written: [at("serial.log"), at("screen.png")],
    read: [at("vnc-secret"), at("not-there")],
  });
  const { netdev, wrap } = await prepareNetwork(
    { name: "vm", network: "internet" },
    CLOSED_POLICY,
    await probeNetwork(),
    networkPaths(sockets, "vm"),
  );
  const command = wrap(
    runAsAccount(
      {
        program: "/usr/bin/qemu-system-x86_64",
        args: [
          ...["-nodefaults", "-machine", "q35", "-accel", "tcg", "-m", "64M", "-device", "VGA"],
          ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
          ...["-qmp", `unix:${sockets}/qmp,server=on,wait=off`, "-serial", `file:${at("serial.log")}`],
          ...["-object", `secret,id=vnc0,file=${at("vnc-secret")}`],
          ...["-vnc", `unix:${sockets}/vnc,password-secret=vnc0`],
          ...[...netdev, "-device", "virtio-net-pci,netdev=net0"],
        ],
      },
      runAs,
    ),
  );
  const qemu = startProcess(cleanup, command.program, command.args);
  const isThere = (file: string) => access(file).then(() => true);
  await qemu.waitUntil("its control socket", () => isThere(path.join(sockets, "qmp")));
  const qmp = await attachQmp(path.join(sockets, "qmp"), {
    ...{ clock: systemClock, withinMs: 10_000, shouldRetry: () => qemu.isRunning, onEvent: () => undefined },
  });
  cleanup.add({ stop: () => Promise.resolve(qmp.close()) });

  const status = await readFile(`/proc/${qemu.pid}/status`, "utf8");
  const { uid } = runAs.account;
  expect(status).toMatch(new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, "m"));
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);

  await qmp.execute("screendump", { filename: at("screen.png"), format: "png" });
  expect((await readFile(at("screen.png"))).subarray(1, 4).toString()).toBe("PNG");
  const viewer = await connectRfb(cleanup, { path: path.join(sockets, "vnc") });
  expect(await viewer.handshake({ password: PASSWORD })).toMatchObject({
    width: expect.any(Number) as number,
  });

  const attempts = [
    `cat ${at("spec.json")}`,
    `touch ${at("new")}`,
    `mv ${at("serial.log")} ${at("spec.json")}`,
    `ls ${machine}`,
  ];
  for (const attempt of attempts) {
    const shell = runAsAccount({ program: "/bin/sh", args: ["-c", attempt] }, runAs);
    expect((await runProcess(shell.program, shell.args)).code, attempt).not.toBe(0);
  }
  expect((await stat(at("spec.json"))).uid).toBe(0);
});

it("keeps a folder open to the accounts of two hosts, and lets neither list it", async () => {
  const folder = await cleanup.makeFolder();
  const passwd = async () => readFile("/etc/passwd", "utf8");
  const users = [await makeSystemAccount(cleanup), await makeSystemAccount(cleanup)];
  for (const { user } of users) await grantMachineAccountTraversal(user, folder);
  await mkdir(path.join(folder, "inner"), { mode: 0o755 });
  for (const { user } of users) {
    const runAs = { kind: "account", account: findAccount(user, await passwd(), [])! } as const;
    const run = (words: string) => {
      const shell = runAsAccount({ program: "/bin/sh", args: ["-c", words] }, runAs);
      return runProcess(shell.program, shell.args);
    };
    expect((await run(`ls ${folder}/inner`)).code, user).toBe(0);
    expect((await run(`ls ${folder}`)).code, user).not.toBe(0);
  }
});
