import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import tls from "node:tls";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import type { AgentOptions } from "../../../agent/index.ts";
import { encodeServerInit } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { FakeVncServer } from "../../unit/agent/support/fake-vnc-server.ts";
import { type ProxyFixture, openProxyFixture } from "../proxy/proxy-fixture.ts";
import { runAgent, type AgentUnderTest } from "./run-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const run = (proxyFixture: ProxyFixture, more: Partial<AgentOptions> = {}) =>
  runAgent(cleanup, proxyFixture, more);

async function enrol(proxyFixture: ProxyFixture, more: Partial<AgentOptions> = {}): Promise<AgentUnderTest> {
  const { secret } = await proxyFixture.proxy.createJoinSecret();
  const running = await run(proxyFixture, { joinSecret: secret, ...more });
  await running.agent.ready;
  return running;
}

async function readPins(dataDir: string, given: string): Promise<readonly string[]> {
  const text = await readFile(path.join(dataDir, "agent-key.json"), "utf8");
  const file = JSON.parse(text) as { authorities?: Record<string, string[]> };
  return file.authorities?.[given] ?? [given];
}

/** What a TLS client that trusts this CA alone finds: null, or what is wrong. */
async function greet({ proxy }: ProxyFixture, ca: string): Promise<string | null> {
  const { port } = proxy.addresses.listen;
  const socket = tls.connect({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1"] });
  const result = await once(socket, "secureConnect").then(
    () => null,
    (error: unknown) => String(error),
  );
  socket.destroy();
  return result;
}

test("the CA is replaced by another server: no session ends, no pin breaks, and then the old one counts no more", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy } = proxyFixture;
  const dataDir = await cleanup.makeFolder();
  const other = await openProxyFixture(cleanup, { stores: proxy.stores, dataDir });
  const old = { kind: "fingerprint", sha256: proxy.fingerprint } as const;
  const oldCa = proxy.caCertificate;

  const vnc = cleanup.add(await new FakeVncServer().start());
  const endpoint = { kind: "tcp", host: "127.0.0.1", port: vnc.port } as const;
  const stays = await enrol(proxyFixture, { desktops: [{ name: "Desk", endpoint }] });
  const away = await enrol(proxyFixture, { name: "away" });
  await away.agent.close();
  const [desktop] = await proxy.stores.desktops.findByName("Desk");
  const { token } = await proxy.createToken(desktop!, "control", 60, "admin");
  const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
  const greeting = viewer.handshake({ password: token });
  const server = await vnc.entered.next();
  const pixelFormat = {
    bitsPerPixel: 32,
    depth: 24,
    bigEndian: false,
    trueColour: true,
    redMax: 255,
    greenMax: 255,
    blueMax: 255,
    redShift: 16,
    greenShift: 8,
    blueShift: 0,
  };
  server.write(encodeServerInit({ width: 64, height: 48, pixelFormat, name: "C" }));
  await greeting;

  await other.proxy.authority.rotate();
  const fresh = other.proxy.fingerprint;
  expect(fresh).not.toBe(old.sha256);
  await waitFor("the first server's notice", () => proxy.fingerprint === fresh);
  await waitFor("the agent's notice", async () =>
    (await readPins(stays.dataDir, old.sha256)).includes(fresh),
  );
  expect(await greet(proxyFixture, oldCa)).toBeNull();
  expect(await greet(proxyFixture, proxy.caCertificate)).toBeNull();
  expect(proxy.openSessions()).toHaveLength(1);
  expect(proxy.connectedAgents().map(({ name }) => name)).toEqual(["box"]);

  // A restart with the old pin, a newcomer with the new one, and one more with the old one, by WebSocket.
  await stays.agent.close();
  const back = await run(proxyFixture, { ...stays, trust: old });
  await back.agent.ready;
  await enrol(proxyFixture, { name: "newcomer" });
  await enrol(proxyFixture, { name: "late", trust: old, transport: "websocket" });

  expect((await other.proxy.authority.listBehind()).map(({ name }) => name)).toEqual(["away"]);
  await expect(other.proxy.authority.retire(false)).rejects.toMatchObject({ code: "CA_AGENTS_BEHIND" });
  await other.proxy.authority.retire(true);
  await waitFor("the first server's notice", () => proxy.authority.previous === null);
  await waitFor("the agent's notice", async () => (await readPins(stays.dataDir, old.sha256)).length === 1);
  expect(await readPins(stays.dataDir, old.sha256)).toEqual([fresh]);
  expect(await greet(proxyFixture, oldCa)).not.toBeNull();

  await back.agent.close();
  const again = await run(proxyFixture, { ...stays, trust: old });
  await again.agent.ready;
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const lost = await run(proxyFixture, { ...away, trust: old, log });
  await waitFor("a refusal", () => lines.some((line) => line.includes("TRUST_FINGERPRINT_MISMATCH")));
  await lost.agent.close();
  const told = await run(proxyFixture, { ...away, name: "away" });
  await told.agent.ready;
});
