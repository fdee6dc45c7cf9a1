import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { startAgent } from "../../../agent/index.ts";
import { encodeServerInit, systemClock } from "../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { startTcpRecorder } from "../../support/tcp-recorder.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { FakeVncServer } from "../../unit/agent/support/fake-vnc-server.ts";
import { openProxyFixture } from "../proxy/proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const PIXELS = { bitsPerPixel: 32, depth: 24, bigEndian: false, trueColour: true } as const;
const COLOURS = {
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
} as const;

async function start() {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy } = proxyFixture;
  const path = await startTcpRecorder(cleanup, { port: proxy.addresses.listen.port });
  const { secret } = await proxy.createJoinSecret();
  const vnc = cleanup.add(await new FakeVncServer().start());
  const agent = startAgent({
    servers: [{ host: "127.0.0.1", port: path.port }],
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
  });
  cleanup.add({ stop: () => agent.close() });
  await agent.ready;
  const [desktop] = await proxy.stores.desktops.list();
  const view = async () => {
    const { token } = await proxy.createToken(desktop!, "control", 60, "admin");
    const connectionsBefore = path.connections;
    const startedAt = performance.now();
    const viewer = await connectRfb(cleanup, { ...proxy.addresses.rfb! });
    const greeting = viewer.handshake({ password: token });
    const server = await vnc.entered.next();
    const connectionsAtEntry = path.connections;
    const waited = performance.now() - startedAt;
    server.write(
      encodeServerInit({ width: 64, height: 48, pixelFormat: { ...PIXELS, ...COLOURS }, name: "C" }),
    );
    expect(await greeting).toMatchObject({ name: "Desk" });
    return { connectionsBefore, connectionsAtEntry, waited, viewer };
  };
  return { proxyFixture, path, agent, desktop: desktop!, view };
}

test("a viewer that was likely waits for no dial and no handshake", async () => {
  const { proxyFixture, path, desktop, view } = await start();
  expect(path.connections).toBe(1);
  proxyFixture.proxy.expectViewer(desktop.agentId);
  await waitFor("two spare connections", () => path.connections === 3);
  // Their proofs are through as well: nothing more is being sent.
  let quiet = -1;
  await waitFor("their proofs", () => {
    const before = quiet;
    quiet = path.sent().length;
    return before === quiet;
  });
  const { connectionsBefore, connectionsAtEntry, waited } = await view();
  expect(connectionsBefore).toBe(3);
  // A used spare is replaced while its viewer already has its picture, or waits longer than that takes.
  if (waited < PROXY_LIMITS.spareReplaceMs) expect(connectionsAtEntry).toBe(3);
  await waitFor("the used one's replacement", () => path.connections === 4);
});

test("three viewers at once: two spares and one dial; all see the desktop", async () => {
  const { proxyFixture, path, desktop, view } = await start();
  proxyFixture.proxy.expectViewer(desktop.agentId);
  await waitFor("two spare connections", () => path.connections === 3);
  await Promise.all([view(), view(), view()]);
  await waitFor("three sessions", () => proxyFixture.proxy.openSessions().length === 3);
});

test("after a cut of everything, viewers come through again", async () => {
  const { proxyFixture, path, desktop, view } = await start();
  proxyFixture.proxy.expectViewer(desktop.agentId);
  await waitFor("two spare connections", () => path.connections === 3);
  path.cut();
  const isOnline = async () =>
    (await proxyFixture.proxy.stores.desktops.find(desktop.id))?.state === "online";
  await waitFor("the agent back", () => path.connections > 3);
  await waitFor("online again", isOnline);
  await view();
});
