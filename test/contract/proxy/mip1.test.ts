import { once } from "node:events";
import { randomBytes } from "node:crypto";
import path from "node:path";
import tls from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { deriveShippedToken, deriveToken, systemClock } from "../../../protocol/index.ts";
import { openStores, type Proxy } from "../../../proxy/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import {
  waitForNoAgents,
  JOB_ID,
  makeConnect,
  makeReadRefusal,
  mip1Options,
  JOB_TOKEN,
  WRONG_TOKEN_REASON,
} from "./mip1-fixture.ts";
import { ScriptedDesktop } from "./scripted-agent.ts";
import { dialMip1, encodeMip1Handshake, encodeResponse, ScriptedMip1Agent } from "./scripted-mip1-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());
const connect = makeConnect(cleanup);
const refusalOf = makeReadRefusal(cleanup);

describe("TLS of a MiP 1 agent", () => {
  it.each([
    ["without ALPN", undefined, "TLSv1.2"],
    ["with its ALPN", ["mip/1"], "TLSv1.2"],
    ["that speaks MiP 2, too", ["mip/2", "mip/1"], "TLSv1.3"],
    ["which is a browser", ["http/1.1"], "TLSv1.3"],
  ])("%s: the peer may speak MiP 1", async (_name, ALPNProtocols, version) => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    expect(await negotiateTls(proxy, ALPNProtocols)).toBe(version);
  });

  it("is TLS 1.3 where the peer may not speak MiP 1", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: { ...mip1Options, allow: ["192.0.2.0/24"] } });
    expect(await negotiateTls(proxy, undefined)).toBe("TLSv1.3");
  });
});

async function negotiateTls(proxy: Proxy, ALPNProtocols: string[] | undefined): Promise<string | null> {
  const { host, port } = proxy.addresses.listen;
  const socket = tls.connect({
    host,
    port,
    rejectUnauthorized: false,
    ...(ALPNProtocols && { ALPNProtocols }),
  });
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket.getProtocol();
}

describe("a MiP 1 agent", () => {
  it.each([
    [JOB_TOKEN, null, /^127\.0\.0\.1:\d+$/],
    ["^H`QrVTf", { host: "desk.example.org", port: 443 }, /^desk\.example\.org:443$/],
  ])(
    "serves a viewer that types %s, told to dial the advertised address %j",
    async (token, advertise, dialled) => {
      const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options, advertise });
      const agent = await connect(proxy);
      const desktop = new ScriptedDesktop();
      const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
      const greeting = viewer.handshake({ password: token });
      const request = await agent.readSetupRequest();
      expect(request.endpoint).toBe("localhost:5900");
      expect(request.proxy).toMatch(dialled);
      await agent.bring(request.ticket, desktop);
      const { name } = await greeting;
      expect(name).toMatch(/^mip1-[0-9a-f]{10}$/);
      expect(desktop.received[0]).toBe(1);
      const [session] = proxy.openSessions();
      expect(session).toMatchObject({ role: "control", method: "token", desktopName: name });
    },
  );

  it.each([0, 1, 2, 3])("may be of identifier type %i", async (type) => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    await connect(proxy, JOB_ID, type);
    expect(proxy.connectedAgents()).toMatchObject([{ kind: "mip1" }]);
  });

  it("has an identifier of up to 1024 bytes", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    await connect(proxy, "x".repeat(1024));
    expect(proxy.connectedAgents()).toHaveLength(1);
  });

  it.each<[string, Buffer]>([
    ["an identifier of 1025 bytes", encodeMip1Handshake("x".repeat(1025))],
    ["an identifier of 2^31 bytes", Buffer.from([0, 1, 0x80, 0, 0, 0])],
    ["an identifier of 2^32 - 1 bytes", Buffer.from([0, 1, 0xff, 0xff, 0xff, 0xff])],
    ["an empty identifier", encodeMip1Handshake("")],
    ["an identifier that is not UTF-8", encodeMip1Handshake(Buffer.from([0x6a, 0xff, 0x62]))],
    ["identifier type 4", encodeMip1Handshake(JOB_ID, 4)],
    ["a Setup response of status 0", encodeResponse(1, 0)],
    ["a ticket that nobody made", encodeResponse(1, 1)],
    ["a ticket above 65355", encodeResponse(65_356, 1)],
    ["a second Handshake", Buffer.concat([encodeMip1Handshake(JOB_ID), encodeMip1Handshake(JOB_ID)])],
    ["a Setup request", Buffer.concat([encodeMip1Handshake(JOB_ID), Buffer.from([1]), Buffer.alloc(20)])],
  ])("is closed after %s", async (_what, bytes) => {
    const proxyFixture = await openProxyFixture(cleanup, { mip1: mip1Options });
    const socket = await dialMip1(proxyFixture.proxy);
    socket.resume();
    socket.write(bytes);
    await once(socket, "close");
    await waitFor("nobody", () => proxyFixture.proxy.connectedAgents().length === 0);
  });

  it("sends its Handshake in pieces as well", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const socket = await dialMip1(proxy, "mip/1");
    for (const byte of encodeMip1Handshake(JOB_ID)) socket.write(Buffer.of(byte));
    await waitFor("the agent", () => proxy.connectedAgents().length === 1);
    socket.destroy();
  });

  it("leaves nothing of its identifier or tokens in log, audit log and lists", async () => {
    const proxyFixture = await openProxyFixture(cleanup, { mip1: mip1Options });
    const { proxy } = proxyFixture;
    const agent = await connect(proxy);
    await agent.stop();
    await waitForNoAgents(proxy);
    const audit = await waitFor("the line of its end", async () => {
      const lines = await proxyFixture.audit();
      return lines.some(({ event }) => event.action === "agent.disconnect") ? lines : undefined;
    });
    expect(audit.map(({ event }) => event.action)).toContain("agent.connect");
    const told = [
      proxyFixture.log(),
      audit,
      await proxy.stores.agents.list(),
      await proxy.stores.desktops.list(),
    ];
    for (const secret of [JOB_ID, "354887", "mig-1", JOB_TOKEN, "^H`QrVTf"]) {
      expect(JSON.stringify(told)).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });
});

describe("a token of a MiP 1 desktop", () => {
  it("is worth something only while the agent is connected, and again when it returns", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    for (let round = 0; round < 3; round++) {
      const agent = await connect(proxy);
      const refusal = refusalOf(proxy, JOB_TOKEN);
      const { ticket } = await agent.readSetupRequest();
      agent.socket.write(encodeResponse(ticket, 0));
      expect(await refusal).toBe("The host cannot open this desktop. Ask its owner whether it runs.");
      await agent.stop();
      await waitForNoAgents(proxy);
      expect(await refusalOf(proxy, JOB_TOKEN)).toBe(WRONG_TOKEN_REASON);
    }
  });

  it("stays the same, session and all, when a newer connection of the identifier replaces the older", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const older = await connect(proxy);
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: JOB_TOKEN });
    await older.bring((await older.readSetupRequest()).ticket, new ScriptedDesktop());
    await greeting;
    const tokens = await proxy.stores.tokens.list();
    const newer = await connect(proxy);
    await older.reader.readToEnd();
    expect(await proxy.stores.tokens.list()).toEqual(tokens);
    expect(proxy.openSessions()).toHaveLength(1);
    const second = await connectRfb(cleanup, proxy.addresses.rfb!);
    const again = second.handshake({ password: JOB_TOKEN });
    await newer.bring((await newer.readSetupRequest()).ticket, new ScriptedDesktop());
    expect((await again).name).toMatch(/^mip1-/);
  });

  it("survives a server that was killed without its agent's goodbye", async () => {
    const dataDir = await cleanup.makeFolder();
    const database = `sqlite:${path.join(dataDir, "postern.db")}`;
    const stores = await openStores({ database, masterKey: randomBytes(32) }, systemClock);
    cleanup.add({ stop: () => stores.close() });
    const first = await openProxyFixture(cleanup, { mip1: mip1Options, dataDir, stores });
    await connect(first.proxy);
    // A second life on the same state, while the first has given nothing up.
    const second = await openProxyFixture(cleanup, { mip1: mip1Options, dataDir, stores });
    expect(second.proxy.serverId).toBe(first.proxy.serverId);
    expect(await refusalOf(second.proxy, JOB_TOKEN)).toMatch(/^The host of this desktop is not connected/);
    const agent = cleanup.add(await ScriptedMip1Agent.connect(second.proxy, JOB_ID));
    await waitFor("the agent", () => second.proxy.connectedAgents().length === 1);
    const viewer = await connectRfb(cleanup, second.proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: JOB_TOKEN });
    await agent.bring((await agent.readSetupRequest()).ticket, new ScriptedDesktop());
    expect((await greeting).name).toMatch(/^mip1-/);
  });

  it("is refused where another desktop has the same one", async () => {
    const proxyFixture = await openProxyFixture(cleanup, { mip1: mip1Options });
    const { proxy } = proxyFixture;
    const { view } = await publishDesktop(cleanup, proxyFixture);
    await connect(proxy);
    await proxy.stores.tokens.create({
      desktopId: view.id,
      token: JOB_TOKEN,
      role: "control",
      createdBy: "admin",
      expiresAt: Date.now() + 60_000,
    });
    // A miss makes the server read what it has not made itself.
    expect(await refusalOf(proxy, "wrongone")).toBe(WRONG_TOKEN_REASON);
    expect(await refusalOf(proxy, JOB_TOKEN)).toBe(
      "This token fits more than one desktop. Ask for a new one.",
    );
  });

  it("is derived in both ways from any identifier", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const agent = await connect(proxy, "job-æøå");
    for (const token of [deriveToken("job-æøå"), deriveShippedToken("job-æøå")]) {
      const refusal = refusalOf(proxy, token);
      agent.socket.write(encodeResponse((await agent.readSetupRequest()).ticket, 0));
      expect(await refusal).toMatch(/^The host cannot open/);
    }
  });
});

describe("MiP 1's data connections", () => {
  it("work once: a replayed ticket is refused, and the session goes on", async () => {
    const proxyFixture = await openProxyFixture(cleanup, { mip1: mip1Options });
    const { proxy } = proxyFixture;
    const agent = await connect(proxy);
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: JOB_TOKEN });
    const { ticket } = await agent.readSetupRequest();
    await agent.bring(ticket, new ScriptedDesktop());
    await greeting;
    const replayed = await dialMip1(proxy);
    replayed.resume();
    replayed.write(encodeResponse(ticket, 1));
    await once(replayed, "close");
    expect(proxy.openSessions()).toHaveLength(1);
    expect(proxyFixture.log()).toContain("TICKET_INVALID");
  });

  it("are not refused in the name of the agent that was asked", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const agent = await connect(proxy);
    const other = await connect(proxy, "another job");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: JOB_TOKEN });
    const { ticket } = await agent.readSetupRequest();
    other.socket.write(encodeResponse(ticket, 0));
    await agent.bring(ticket, new ScriptedDesktop());
    expect((await greeting).name).toMatch(/^mip1-/);
  });

  it("of a VNC server that wants a password, or speaks no RFB, are refused with a reason for the viewer", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const agent = await connect(proxy);
    for (const words of ["RFB 003.008\n\u0001\u0002" + "c".repeat(16), "220 mail.example.org ESMTP\r\n"]) {
      const refusal = refusalOf(proxy, JOB_TOKEN);
      const data = await dialMip1(proxy);
      data.resume();
      data.write(encodeResponse((await agent.readSetupRequest()).ticket, 1));
      data.write(words);
      expect(await refusal).toBe("The host cannot open this desktop. Ask its owner whether it runs.");
      await once(data, "close");
    }
  });

  it("end with the control connection that was asked for them", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const agent = await connect(proxy);
    const refusal = refusalOf(proxy, JOB_TOKEN);
    await agent.readSetupRequest();
    await agent.stop();
    expect(await refusal).toMatch(/^The host of this desktop is not connected/);
  });
});
