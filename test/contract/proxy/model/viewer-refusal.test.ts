import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { encodeSetupResponse, FrameType } from "../../../../protocol/index.ts";
import { chopEveryByte, createDuplexPair } from "../../../support/memory-duplex.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import {
  connectRfb,
  connectRfbOverWebSocket,
  RfbRefusal,
  type RfbClient,
} from "../../../support/rfb-client.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { fillAuditDisk } from "../fill-audit-disk.ts";
import { openProxyFixture, publishDesktop } from "../proxy-fixture.ts";
import { dialMip2, ScriptedAgent } from "../scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.close();
});

const WRONG = "This token is wrong or has expired. Ask for a new one.";

async function refusalOf(handshake: Promise<unknown>): Promise<RfbRefusal> {
  const error: unknown = await handshake.then(
    () => new Error("let in"),
    (reason: unknown) => reason,
  );
  if (error instanceof RfbRefusal) return error;
  throw error;
}

async function guess(viewer: RfbClient, password: string): Promise<string> {
  return (await refusalOf(viewer.handshake({ password }))).reason;
}

describe("every refusal has its reason on the wire", () => {
  it.each([
    ["3.8", WRONG],
    ["3.7", ""],
    ["3.3", ""],
  ] as const)("a wrong token in RFB %s", async (version, reason) => {
    const { proxy } = await openProxyFixture(cleanup);
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const refusal = await refusalOf(viewer.handshake({ version, password: "wrongone" }));
    expect(refusal).toMatchObject({ stage: "security-result", reason });
    expect(await viewer.reader.readToEnd()).toHaveLength(0);
  });

  it("an expired, a revoked and a throttled token", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const expired = await proxy.createToken(view, "control", 0, "admin");
    expect(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), expired.token)).toBe(WRONG);
    const revoked = await proxy.createToken(view, "control", 60, "admin");
    await proxy.stores.tokens.revoke(revoked.id);
    expect(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), revoked.token)).toBe(WRONG);
  });

  it("a source that guesses too often is told how long to wait, and a ticket still gets in", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const reasons: string[] = [];
    while (!reasons.at(-1)?.startsWith("Too many") && reasons.length < 10) {
      reasons.push(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), "wrongone"));
    }
    expect(reasons).toHaveLength(6);
    expect(reasons.at(-1)).toMatch(/^Too many wrong tokens came from your address\. Try again in \d s\.$/);
    const { url, protocols } = await proxy.createTicket(view, "control", "admin");
    const viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
    expect(await viewer.handshake()).toMatchObject({ name: "Machine 1" });
  });

  it("a host that is offline, and a desktop that is withdrawn or gone", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    await proxy.stores.desktops.withdraw(view.agentId, view.name);
    const tell = async (): Promise<string> => guess(await connectRfb(cleanup, proxy.addresses.rfb!), token);
    expect(await tell()).toBe("This desktop is not available now. Try again when it runs.");
    await agent.stop();
    await waitFor("the agent's end", () => proxy.connectedAgents().length === 0);
    expect(await tell()).toBe("The host of this desktop is not connected. Try again in a moment.");
    await proxy.stores.desktops.remove(view.id);
    expect(await tell()).toBe(WRONG);
  });

  it.each([
    ["ENDPOINT_REFUSED", "The host cannot open this desktop. Ask its owner whether it runs."],
    ["DESKTOP_UNKNOWN", "This desktop is not available now. Try again when it runs."],
    [
      "connect ECONNREFUSED 10.0.0.7:5901",
      "The host cannot open this desktop. Ask its owner whether it runs.",
    ],
  ])("a host that answers %s", async (code, reason) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    agent.onSetup = ({ ticket }) => {
      agent.socket.write(encodeSetupResponse({ ticket, status: 0, code }));
    };
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    expect(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), token)).toBe(reason);
    expect(proxyFixture.log()).not.toContain("10.0.0.7");
  });

  it("a host whose connection breaks while it is asked", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    agent.onSetup = () => {
      agent.socket.destroy();
    };
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    expect(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), token)).toBe(
      "The host of this desktop is not connected. Try again in a moment.",
    );
  });

  it("a used ticket closes the WebSocket with 1008 and the reason", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { url, protocols } = await proxyFixture.proxy.createTicket(view, "control", "admin");
    await (await connectRfbOverWebSocket(cleanup, url, protocols)).handshake();
    const socket = new WebSocket(url, [...protocols], { rejectUnauthorized: false });
    socket.on("message", (data) => {
      if ((data as Buffer).length === 12) socket.send(data);
    });
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    expect(code).toBe(1008);
    expect(reason.toString()).toContain("was used already");
  });

  it("a text message closes the WebSocket with 1003", async () => {
    const { proxy } = await openProxyFixture(cleanup);
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.addresses.listen.port}/rfb`, {
      rejectUnauthorized: false,
    });
    await once(socket, "open");
    socket.send("RFB 003.008\n");
    expect((await once(socket, "close"))[0]).toBe(1003);
  });

  it("a database that does not answer", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    vi.spyOn(proxy.stores.sessions, "open").mockRejectedValue(new Error("down"));
    expect(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), token)).toBe(
      "The server cannot reach its database. Try again in a moment.",
    );
    expect(desktop.received).toHaveLength(0);
    await waitFor("the desktop's end", () => desktop.ended);
  });

  it("no audit line, no session", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy, dataDir } = proxyFixture;
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    await fillAuditDisk(dataDir);
    expect(await guess(await connectRfb(cleanup, proxy.addresses.rfb!), token)).toBe(
      "The server cannot write its audit log, so it opens no session. Tell its administrator.",
    );
    expect(desktop.received).toHaveLength(0);
    expect(await proxy.stores.sessions.list()).toEqual([]);
  });
});

describe("data connections", () => {
  it.each(["unknown", "used"])("with an %s ticket are cut", async (kind) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, desktop, view } = await publishDesktop(cleanup, proxyFixture);
    let ticket: Buffer = Buffer.alloc(16, 7);
    agent.onSetup = (request) => {
      ticket = request.ticket;
      void agent.openDataConnection(proxy, ticket, desktop);
    };
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    if (kind === "used")
      await (await connectRfb(cleanup, proxy.addresses.rfb!)).handshake({ password: token });
    const data = await dialMip2(proxy);
    data.write(encodeSetupResponse({ ticket, status: 1, code: "" }));
    data.resume();
    await once(data, "close");
    expect(proxy.openSessions()).toHaveLength(kind === "used" ? 1 : 0);
  });

  it("another agent cannot refuse in the name of the one that was asked", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const other = await publishDesktop(cleanup, proxyFixture, "Other");
    agent.onSetup = ({ ticket }) => {
      other.agent.socket.write(encodeSetupResponse({ ticket, status: 0, code: "ENDPOINT_REFUSED" }));
      void other.agent
        .publish("Still here")
        .then(() => agent.openDataConnection(proxy, ticket, desktop))
        .catch(() => undefined);
    };
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    expect(await viewer.handshake({ password: token })).toMatchObject({ name: "Machine 1" });
  });
});

describe("the TLS port", () => {
  it("closes what nobody here speaks, and what offers an unknown ALPN alone", async () => {
    const { proxy } = await openProxyFixture(cleanup);
    const plain = net.connect(proxy.addresses.listen);
    plain.on("error", () => undefined);
    plain.resume();
    plain.write("\x7fELF");
    await once(plain, "close");
    const wrong = tls.connect({
      ...proxy.addresses.listen,
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
    });
    const [error] = (await once(wrong, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
  });

  it("serves a ClientHello that comes in pieces", async () => {
    const { proxy } = await openProxyFixture(cleanup);
    const raw = net.connect({ ...proxy.addresses.listen, noDelay: true });
    const [near, far] = createDuplexPair({ chop: chopEveryByte });
    far.pipe(raw).pipe(far);
    const socket = tls.connect({ socket: near, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("200 OK");
    socket.destroy();
  });

  it("tells its agents to come back when it stops, and its viewers why they end", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    await Promise.all([proxy.close(), proxy.close()]);
    await waitFor("the drain", () => agent.find(FrameType.drain).length === 1);
    await viewer.reader.readToEnd();
    const [session] = await proxy.stores.sessions.list();
    expect(session).toMatchObject({ state: "closed", cause: "SERVER_STOPPING" });
    expect(await proxy.stores.agents.find(agent.key.agentId)).toMatchObject({ serverId: null });
    await expect(ScriptedAgent.connect(proxy)).rejects.toThrow();
  });
});
