// A real haproxy stands before both ports and tells by the PROXY protocol whom it speaks for.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePort } from "../support/free-port.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { startProcess } from "../support/test-process.ts";
import { connectRfb, connectRfbOverWebSocket } from "../support/rfb-client.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
/** Another address of the loopback network than everybody else's. */
const CLIENT = "127.0.0.9";

const cleanup = new CleanupStack();
let server: PosternServer;
let balanced: { listen: number; rfb: number };

beforeAll(async () => {
  const args = ["--proxy-protocol-from", "127.0.0.1/32", "--allow-origin", "https://desk.example.org"];
  server = await startServerProgram(cleanup, { args });
  balanced = { listen: await findFreePort(), rfb: await findFreePort() };
  const file = path.join(await cleanup.makeFolder(), "haproxy.cfg");
  const lines = [
    ...["defaults", "mode tcp", "timeout connect 5s", "timeout client 60s", "timeout server 60s"],
    ...["listen one-port", `bind 127.0.0.1:${balanced.listen}`],
    `server postern 127.0.0.1:${server.listen} send-proxy-v2`,
    ...[
      "listen viewers",
      `bind 127.0.0.1:${balanced.rfb}`,
      `server postern 127.0.0.1:${server.rfb} send-proxy`,
    ],
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  startProcess(cleanup, "/usr/sbin/haproxy", ["-f", file, "-db"]);
  const xvnc = await startXvnc(cleanup);
  await startAgentProgram(cleanup, server, {
    desktops: { [DESKTOP]: xvnc.endpoint },
    proxy: `127.0.0.1:${balanced.listen}`,
  });
});
afterAll(() => cleanup.close());

async function listOpenSources(): Promise<string[]> {
  const sessions = await server.ask<{ source: string }[]>("session", "list", "--state", "open");
  return sessions.map(({ source }) => source);
}

test("agent, VNC viewer and WebSocket viewer come through it, each under its own address", async () => {
  const token = await server.createToken(DESKTOP);
  const viewer = await connectRfb(cleanup, { port: balanced.rfb, host: "127.0.0.1", localAddress: CLIENT });
  expect(await viewer.handshake({ password: token })).toMatchObject({ name: DESKTOP });
  expect(await listOpenSources()).toEqual([CLIENT]);
  await viewer.stop();
  const silent = await connectRfb(cleanup, {
    port: balanced.listen,
    host: "127.0.0.1",
    localAddress: CLIENT,
  });
  expect(await silent.handshake({ password: token })).toMatchObject({ name: DESKTOP });
  await silent.stop();
  const { protocols } = await server.createTicket(DESKTOP);
  const url = `wss://127.0.0.1:${balanced.listen}/rfb`;
  const page = await connectRfbOverWebSocket(cleanup, url, protocols, { localAddress: CLIENT });
  expect(await page.handshake()).toMatchObject({ name: DESKTOP });
  expect(await listOpenSources()).toContain(CLIENT);
});

test("wrong guesses are told apart behind it", async () => {
  const guess = async (localAddress: string, password: string) =>
    (await connectRfb(cleanup, { port: balanced.rfb, host: "127.0.0.1", localAddress })).handshake({
      password,
    });
  const token = await server.createToken(DESKTOP);
  for (let count = 0; count < 5; count += 1)
    await expect(guess("127.0.0.10", "nope2345")).rejects.toThrow(/wrong/);
  await expect(guess("127.0.0.10", token)).rejects.toThrow(/Try again in/);
  expect(await guess("127.0.0.11", token)).toMatchObject({ name: DESKTOP });
});
