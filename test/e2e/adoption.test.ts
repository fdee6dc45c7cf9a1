// Machines outlive the launcher, and viewers find them again.
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startAgentProgram, startHostProgram, startServerProgram } from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { openWall, waitForCanvas } from "./browser-steps.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

/** The pids of the QEMUs whose files lie in this folder. */
async function findQemus(folder: string): Promise<number[]> {
  const { readdir } = await import("node:fs/promises");
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const commandLine = readFileSync(`/proc/${entry}/cmdline`, "utf8");
      if (commandLine.startsWith("/usr/bin/qemu-system") && commandLine.includes(folder))
        found.push(Number(entry));
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

async function start() {
  const server = await startServerProgram(cleanup);
  const host = await startHostProgram(cleanup, server, { args: ["--accel", "tcg"] });
  const machine = await server.ask<{ id: string; desktop: string }>("vm", "create", "memtest86+", "--wait");
  return { server, host, machine };
}

test("the launcher is killed: the machine lives and is adopted, and the browser's picture comes back by itself", async () => {
  const { server, host, machine } = await start();
  const page = await openWall(cleanup, server);
  await page
    .getByRole("link", { name: /^Connect/ })
    .first()
    .click();
  await waitForCanvas(page, "its screen", (picture) => picture.width === 720);
  const [pid, ...others] = await findQemus(host.folder);
  expect(others).toEqual([]);

  await host.stopProcess("SIGKILL");
  await page.locator('main.viewer:not([data-phase="open"])').waitFor();
  expect(await findQemus(host.folder)).toEqual([pid]);
  await page.getByText(/is not connected at the moment/).waitFor();
  expect(await server.ask("vm", "list")).toMatchObject([{ state: "running", reachable: false }]);
  await host.start();
  await page.locator('main.viewer[data-phase="open"]').waitFor({ timeout: 60_000 });
  const before = await waitForCanvas(page, "its screen again", (picture) => picture.width === 720);
  await waitForCanvas(page, "a picture that moves", (picture) => picture.countDifferences(before) > 0);
  expect(await findQemus(host.folder)).toEqual([pid]);
  const machines = await server.ask<{ id: string; state: string }[]>("vm", "list");
  expect(machines).toMatchObject([{ id: machine.id, state: "running", reachable: true }]);
});

test("a revoked host ends with its status and lets its folder go; with a new key it looks after the same machine", async () => {
  const { server, host } = await start();
  const [pid] = await findQemus(host.folder);
  expect(pid).toBeDefined();
  const [row] = await server.ask<{ id: string }[]>("agent", "list");
  await server.ask("agent", "revoke", row!.id);
  expect(await host.process.waitForExit()).toEqual({ code: 4, signal: null });
  expect(host.process.output).toContain("remove the one file agent-key.json");
  expect(await findQemus(host.folder)).toEqual([pid]);

  await rm(path.join(host.data, "agent-key.json"));
  const { secret } = await server.createJoin("--host", "--admit");
  await writeFile(path.join(host.folder, "secrets", "join"), secret);
  await host.start();
  expect(await findQemus(host.folder)).toEqual([pid]);
});

test("an agent that runs apart keeps the viewer's session through the launcher's death", async () => {
  const { server, host } = await start();
  const socket = await findVncSocket(host.folder);
  await startAgentProgram(cleanup, server, {
    desktops: { apart: { endpoint: `unix:${socket.path}`, password: socket.password } },
  });
  const viewer = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
  await viewer.handshake({ password: await server.createToken("apart") });
  viewer.setEncodings(0);
  viewer.requestUpdate();
  await viewer.readUpdate();
  await host.stopProcess("SIGKILL");
  viewer.requestUpdate();
  await viewer.readUpdate();
  await host.start();
  viewer.requestUpdate();
  await viewer.readUpdate();
});

test("the machine's process is killed: the session ends, and the machine says that it failed", async () => {
  const { server, host, machine } = await start();
  const viewer = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
  await viewer.handshake({ password: await server.createToken(machine.desktop) });
  const [pid] = await findQemus(host.folder);
  process.kill(pid!, "SIGKILL");
  await waitFor("the machine failed", async () => {
    const [row] = await server.ask<{ state: string; reason: string | null }[]>("vm", "list");
    return row!.state === "failed" && row!.reason !== null;
  });
  await waitFor("the session closed", async () => {
    const open = await server.ask<unknown[]>("session", "list", "--state", "open");
    return open.length === 0;
  });
});

/** Where the machine's screen is, and its password, as QEMU was told. */
async function findVncSocket(folder: string): Promise<{ path: string; password: string }> {
  const [pid] = await findQemus(folder);
  const commandLine = readFileSync(`/proc/${pid!}/cmdline`, "utf8").replaceAll("\0", " ");
  const path = /-vnc unix:([^, ]+)/.exec(commandLine)![1]!;
  const secret = /-object \{?[^ ]*secret[^ ]*?file"?[=:]"?([^", ]+)/.exec(commandLine)![1]!;
  return { path, password: readFileSync(secret, "utf8").trim() };
}
