import { once } from "node:events";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
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

async function runAgent(proxyFixture: ProxyFixture, options: Partial<AgentOptions>): Promise<RunningAgent> {
  const agent = startAgent({
    servers: [proxyFixture.proxy.addresses.listen],
    allowServers: [],
    trust: { kind: "fingerprint", sha256: proxyFixture.proxy.fingerprint },
    joinSecret: null,
    dataDir: await cleanup.makeFolder(),
    name: "box in the cellar",
    role: "agent",
    desktops: [],
    onRequest: () => Promise.resolve({}),
    log: pino({ level: "silent" }),
    clock: systemClock,
    ...options,
  });
  cleanup.add({ stop: () => agent.close() });
  return agent;
}

test.each([
  ["", null],
  [
    ", which is advertised under a name that the agent does not know",
    { host: "desk.example.org", port: 443 },
  ],
])(
  "an enrolled agent's desktop is seen through the proxy%s, with the token as password",
  async (_name, advertise) => {
    const proxyFixture = await openProxyFixture(cleanup, { advertise });
    const { proxy } = proxyFixture;
    const { secret } = await proxy.createJoinSecret();
    const vnc = cleanup.add(await new FakeVncServer({ password: "geheim" }).start());
    const endpoint = { kind: "tcp", host: "127.0.0.1", port: vnc.port } as const;
    const agent = await runAgent(proxyFixture, {
      joinSecret: secret,
      desktops: [{ name: "Desk", endpoint, vncPassword: "geheim" }],
    });
    await agent.ready;
    const [desktop] = await proxy.stores.desktops.list();
    expect(desktop).toMatchObject({ name: "Desk", agentName: "box in the cellar", state: "online" });

    const { token } = await proxy.createToken(desktop!, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, { ...proxy.addresses.rfb! });
    const greeting = viewer.handshake({ password: token });
    const server = await vnc.entered.next();
    server.write(encodeServerInit({ width: 64, height: 48, pixelFormat: PIXELS, name: "CANARY" }));
    expect(await greeting).toMatchObject({ width: 64, height: 48, name: "Desk" });
    const ended = once(server.resume(), "end");
    viewer.end();
    await ended;
    server.end();

    await agent.close();
    await waitFor("the withdrawal", async () => (await proxy.stores.desktops.list())[0]?.state === "offline");
  },
);

test("a wrong join secret is final; a key once enrolled needs none, with the CA file too", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const stranger = await runAgent(proxyFixture, { joinSecret: "wrong" });
  await expect(stranger.ready).rejects.toMatchObject({ code: "JOIN_REFUSED" });
  const unknown = await runAgent(proxyFixture, {});
  await expect(unknown.ready).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });

  const dataDir = await cleanup.makeFolder();
  const { secret } = await proxyFixture.proxy.createJoinSecret();
  const first = await runAgent(proxyFixture, { dataDir, joinSecret: secret });
  await first.ready;
  await first.close();
  const second = await runAgent(proxyFixture, {
    dataDir,
    trust: { kind: "ca", pem: proxyFixture.proxy.caCertificate },
  });
  await second.ready;
  expect(proxyFixture.proxy.connectedAgents()).toHaveLength(1);
});
