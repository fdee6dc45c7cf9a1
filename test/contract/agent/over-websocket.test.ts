import { once } from "node:events";
import tls, { TLSSocket } from "node:tls";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createWebSocketStream, WebSocket } from "ws";
import { startAgent, type RunningAgent, type AgentOptions } from "../../../agent/index.ts";
import { encodeServerInit, systemClock, type PixelFormat } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { FakeVncServer } from "../../unit/agent/support/fake-vnc-server.ts";
import { openProxyFixture, type ProxyFixture } from "../proxy/proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const PIXELS: PixelFormat = {
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
const MUCH = Buffer.alloc(3_000_000, "postern");

async function runAgent(
  { proxy }: ProxyFixture,
  vnc: FakeVncServer,
  more: Partial<AgentOptions>,
): Promise<RunningAgent> {
  const { secret } = await proxy.createJoinSecret();
  const agent = startAgent({
    servers: [proxy.addresses.listen],
    allowServers: [],
    trust: { kind: "fingerprint", sha256: proxy.fingerprint },
    joinSecret: secret,
    dataDir: await cleanup.makeFolder(),
    name: "box",
    role: "agent",
    desktops: [{ name: "Desk", endpoint: { kind: "tcp", host: "127.0.0.1", port: vnc.port } }],
    onRequest: () => Promise.resolve({}),
    log: pino({ level: "silent" }),
    clock: systemClock,
    ...more,
  });
  cleanup.add({ stop: () => agent.close() });
  return agent;
}

test("control and data connections go through WebSockets; much data, and the end of each side", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy } = proxyFixture;
  const vnc = cleanup.add(await new FakeVncServer().start());
  const agent = await runAgent(proxyFixture, vnc, { transport: "websocket" });
  await agent.ready;
  const [desktop] = await proxy.stores.desktops.list();
  const { token } = await proxy.createToken(desktop!, "control", 60, "admin");
  const viewer = await connectRfb(cleanup, { ...proxy.addresses.rfb! });
  const greeting = viewer.handshake({ password: token });
  const server = await vnc.entered.next();
  server.write(encodeServerInit({ width: 64, height: 48, pixelFormat: PIXELS, name: "CANARY" }));
  expect(await greeting).toMatchObject({ name: "Desk" });
  server.write(MUCH);
  expect((await viewer.reader.read(MUCH.length)).equals(MUCH)).toBe(true);
  const ended = once(server.resume(), "end");
  viewer.end();
  await ended;
  server.end();
  await waitFor("the end of the session", () => proxy.openSessions().length === 0);
  await agent.close();
  await waitFor("the withdrawal", async () => (await proxy.stores.desktops.list())[0]?.state === "offline");
});

async function openUpgrade({ proxy }: ProxyFixture, protocol = "mip.v2", path = "/mip"): Promise<WebSocket> {
  const { host, port } = proxy.addresses.listen;
  const options = { rejectUnauthorized: false };
  const socket = new WebSocket(`wss://${host}:${port}${path}`, [protocol], options);
  cleanup.add({ stop: async () => Promise.resolve(socket.terminate()) });
  socket.on("error", () => undefined);
  await Promise.race([once(socket, "open"), once(socket, "unexpected-response")]);
  return socket;
}

describe("the acceptor", () => {
  test("wants the sub-protocol", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const socket = await openUpgrade(proxyFixture, "binary");
    expect(socket.readyState).not.toBe(WebSocket.OPEN);
    expect((await openUpgrade(proxyFixture)).protocol).toBe("mip.v2");
  });

  test("cuts what is no TLS, another ALPN, and garbage after the handshake", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const noTls = await openUpgrade(proxyFixture);
    noTls.send(Buffer.from("RFB 003.008\n"));
    await once(noTls, "close");
    const http = await openUpgrade(proxyFixture);
    const wrong = tls.connect({
      socket: createWebSocketStream(http),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: false,
    });
    wrong.on("error", () => undefined);
    await once(http, "close");
    const good = await openUpgrade(proxyFixture);
    const inner = tls.connect({
      socket: createWebSocketStream(good),
      ca: proxyFixture.proxy.caCertificate,
      ALPNProtocols: ["mip/2"],
      checkServerIdentity: () => undefined,
    });
    await once(inner, "secureConnect");
    expect(inner).toBeInstanceOf(TLSSocket);
    expect(inner.getProtocol()).toBe("TLSv1.3");
    good.send(Buffer.alloc(64, 0xee));
    await once(good, "close");
  });
});
