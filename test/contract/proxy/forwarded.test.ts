import { once } from "node:events";
import net, { type Socket } from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { ByteReader } from "../../support/byte-reader.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { RfbClient } from "../../support/rfb-client.ts";
import { connectByVeNCrypt, X509_VNC } from "../../support/vencrypt-viewer.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const V1 = "PROXY TCP4 203.0.113.9 10.0.0.1 54321 443\r\n";
const V2 = Buffer.from("0d0a0d0a000d0a515549540a" + "2111000c" + "cb0071090a000001d43101bb", "hex");

/** The forwarder: the test's agent and other clients come from 127.0.0.1. */
const FORWARDER = "127.0.0.2";

async function dial(
  { proxy }: ProxyFixture,
  door: "listen" | "rfb",
  first: string | Buffer,
  localAddress = FORWARDER,
): Promise<Socket> {
  const { listen, rfb } = proxy.addresses;
  const socket = net.connect({ ...(door === "listen" ? listen : rfb!), noDelay: true, localAddress });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  socket.write(first);
  return socket;
}

async function openBehindForwarder(): Promise<{ proxyFixture: ProxyFixture; token: string }> {
  const proxyFixture = await openProxyFixture(cleanup, { proxyProtocolFrom: [FORWARDER] });
  const { view } = await publishDesktop(cleanup, proxyFixture);
  const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
  return { proxyFixture, token };
}

async function readSource({ proxy }: ProxyFixture): Promise<string> {
  const found = await waitFor("the session", () => proxy.openSessions()[0]);
  return found.sourceAddress;
}

async function secure(proxyFixture: ProxyFixture, raw: Socket, alpn?: string): Promise<tls.TLSSocket> {
  const ca = proxyFixture.proxy.caCertificate;
  const protocols = alpn === undefined ? {} : { ALPNProtocols: [alpn] };
  const socket = tls.connect({ socket: raw, ca, servername: "localhost", ...protocols });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

describe("behind a forwarder", () => {
  it.each([
    ["v1", V1],
    ["v2", V2],
  ])("%s: a viewer on its own port is known by its own address", async (_name, header) => {
    const { proxyFixture, token } = await openBehindForwarder();
    const viewer = new RfbClient(await dial(proxyFixture, "rfb", header));
    await viewer.handshake({ password: token });
    expect(await readSource(proxyFixture)).toBe("203.0.113.9");
  });

  it("and so are the others: silent and by VeNCrypt on the one port, and in TLS", async () => {
    const first = await openBehindForwarder();
    const login = { subType: X509_VNC, ca: first.proxyFixture.proxy.caCertificate, password: first.token };
    await connectByVeNCrypt(await dial(first.proxyFixture, "listen", V1), login);
    expect(await readSource(first.proxyFixture)).toBe("203.0.113.9");
    const second = await openBehindForwarder();
    const viewer = new RfbClient(
      await secure(second.proxyFixture, await dial(second.proxyFixture, "listen", V2)),
    );
    await viewer.handshake({ password: second.token });
    expect(await readSource(second.proxyFixture)).toBe("203.0.113.9");
  });

  it("the web hears the client's address, and a WebSocket viewer has it", async () => {
    const { proxyFixture, token } = await openBehindForwarder();
    const raw = await dial(proxyFixture, "listen", V2);
    const web = await secure(proxyFixture, raw, "http/1.1");
    const seen = new ByteReader(web);
    web.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    await seen.readToEnd();
    expect(Buffer.concat(seen.all).toString()).toContain("page for 203.0.113.9:54321");
    const socket = await secure(proxyFixture, await dial(proxyFixture, "listen", V1), "http/1.1");
    const { WebSocket, createWebSocketStream } = await import("ws");
    const webSocket = new WebSocket("wss://localhost/rfb", ["binary"], { createConnection: () => socket });
    const viewer = new RfbClient(createWebSocketStream(webSocket));
    await once(webSocket, "open");
    await viewer.handshake({ password: token });
    expect(await readSource(proxyFixture)).toBe("203.0.113.9");
  });

  it("wrong guesses are the client's, not the forwarder's", async () => {
    const { proxyFixture, token } = await openBehindForwarder();
    const guess = async (header: string, password: string) =>
      new RfbClient(await dial(proxyFixture, "rfb", header)).handshake({ password });
    for (let count = 0; count < 5; count += 1) await expect(guess(V1, "nope2345")).rejects.toThrow(/wrong/);
    await expect(guess(V1, token)).rejects.toThrow(/Try again in/);
    expect(await guess(V1.replace("203.0.113.9", "203.0.113.10"), token)).toMatchObject({
      name: "Machine 1",
    });
  });

  it("a forwarder that speaks for itself is known by its own address", async () => {
    const { proxyFixture, token } = await openBehindForwarder();
    const viewer = new RfbClient(await dial(proxyFixture, "rfb", "PROXY UNKNOWN\r\n"));
    await viewer.handshake({ password: token });
    expect(await readSource(proxyFixture)).toBe(FORWARDER);
  });

  it.each([
    "GET / HTTP/1.1\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",
    "PROXY TCP4 x y 1 2\r\n",
  ])("a forwarder without a header is closed: %j", async (first) => {
    const { proxyFixture } = await openBehindForwarder();
    for (const door of ["listen", "rfb"] as const) {
      const socket = await dial(proxyFixture, door, Buffer.from(first, "latin1"));
      expect(await new ByteReader(socket).readToEnd()).toHaveLength(0);
    }
  });

  it("a forwarder that sends half a header is cut after 5 s", async () => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock, proxyProtocolFrom: [FORWARDER] });
    const before = clock.pending;
    const reader = new ByteReader(await dial(proxyFixture, "rfb", V1.slice(0, 20)));
    await waitFor("the connection", () => clock.pending > before);
    clock.advance(4_999);
    await new Promise(setImmediate);
    expect(reader.hasEnded).toBe(false);
    clock.advance(1);
    expect(await reader.readToEnd()).toHaveLength(0);
  });

  it("has room for more clients than one source may have, and each client for as many as any", async () => {
    const proxyFixture = await openProxyFixture(cleanup, { proxyProtocolFrom: [FORWARDER] });
    const greeted: ByteReader[] = [];
    for (let count = 0; count < 300; count += 1) {
      const header = V1.replace("203.0.113.9", `198.51.100.${count % 2}`);
      greeted.push(new ByteReader(await dial(proxyFixture, "rfb", header)));
    }
    for (const reader of greeted) await reader.read(12);
    const full: ByteReader[] = [];
    for (let count = 0; count < 110; count += 1)
      full.push(new ByteReader(await dial(proxyFixture, "rfb", V1.replace("203.0.113.9", "198.51.100.0"))));
    await waitFor("four that found no place", () => full.filter(({ hasEnded }) => hasEnded).length === 4);
  });
});

describe("anybody else", () => {
  it("is not believed: the header is what it looks like, a wrong request or nothing we know", async () => {
    const proxyFixture = await openProxyFixture(cleanup, { proxyProtocolFrom: [FORWARDER] });
    const v1 = await dial(proxyFixture, "listen", `${V1}\r\n`, "127.0.0.1");
    expect((await new ByteReader(v1).readToEnd()).toString()).toMatch(/^HTTP\/1.1 400 /);
    const v2 = await dial(proxyFixture, "listen", V2, "127.0.0.1");
    expect(await new ByteReader(v2).readToEnd()).toHaveLength(0);
    const viewer = new ByteReader(await dial(proxyFixture, "rfb", V1, "127.0.0.1"));
    expect((await viewer.readToEnd()).toString()).toBe("RFB 003.008\n");
  });
});
