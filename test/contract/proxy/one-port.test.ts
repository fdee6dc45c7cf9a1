import { once } from "node:events";
import net, { type Socket } from "node:net";
import tls, { type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../../protocol/index.ts";
import { captureClientHello } from "../../support/client-hello.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { RfbClient } from "../../support/rfb-client.ts";
import { ByteReader } from "../../support/byte-reader.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
const SILENCE_MS = 300;
afterEach(() => cleanup.close());

async function dial({ proxy }: ProxyFixture): Promise<Socket> {
  const socket = net.connect({ ...proxy.addresses.listen, noDelay: true });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  return socket;
}

async function dialTls(proxyFixture: ProxyFixture, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const raw = await dial(proxyFixture);
  const socket = tls.connect({
    socket: raw,
    ca: proxyFixture.proxy.caCertificate,
    host: "localhost",
    ...options,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

async function ask(socket: Socket, request: string): Promise<string> {
  const reader = new ByteReader(socket);
  socket.write(request);
  await reader.readToEnd();
  return Buffer.concat(reader.all).toString("latin1");
}

/** Timers of the gateway itself, once those that follow its start are set. */
async function countTimersAtRest(clock: ManualClock): Promise<number> {
  let last = -1;
  return waitFor("a gateway at rest", () => {
    const now = clock.pending;
    const isAtRest = now === last;
    last = now;
    return isAtRest && now;
  });
}

describe("plain, on the one port", () => {
  it("greets a viewer that says nothing, encryption offered first", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const viewer = new RfbClient(await dial(proxyFixture));
    const greeting = await viewer.handshake({ password: token });
    expect(greeting).toMatchObject({ offered: [5, 2, 19, 129, 130, 6], name: "Machine 1" });
  });

  it("greets after 300 ms, not before", async () => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const before = clock.pending;
    const reader = new ByteReader(await dial(proxyFixture));
    await waitFor("the connection", () => clock.pending >= before + 2);
    clock.advance(299);
    await new Promise(setImmediate);
    expect(reader.available).toBe(0);
    clock.advance(1);
    expect((await reader.read(12)).toString()).toBe("RFB 003.008\n");
  });

  it("goes on with TLS whose first bytes wait in the kernel when the silence ends", async () => {
    const hello = await captureClientHello({ ALPNProtocols: ["http/1.1"] });
    let waiting = false;
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) => {
        if (ms === SILENCE_MS) waiting = true;
        return systemClock.after(ms, run);
      },
    };
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const socket = await dial(proxyFixture);
    await waitFor("the accepted connection", () => waiting);
    socket.write(hello);
    // A busy server: its timer is long due when it comes to look at its sockets.
    const until = performance.now() + SILENCE_MS + 100;
    while (performance.now() < until);
    const [first] = await new ByteReader(socket).read(1);
    expect(first).toBe(0x16);
  });

  it("closes TLS that begins after the greeting, and counts it", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const socket = await dial(proxyFixture);
    const reader = new ByteReader(socket);
    await reader.read(12);
    socket.write(Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
    await reader.readToEnd();
    await waitFor("the log line", () => proxyFixture.log().includes("viewer.tls-too-late"));
  });

  it.each<[string, string, number, string?]>([
    [
      "a path",
      "GET /view/1?a=b HTTP/1.1\r\nHost: evil.example\r\n\r\n",
      301,
      "https://desk.example/view/1?a=b",
    ],
    ["HEAD", "HEAD / HTTP/1.0\r\n\r\n", 301, "https://desk.example/"],
    [
      "POST",
      "POST /api HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\nhi",
      308,
      "https://desk.example/api",
    ],
    [
      "two slashes",
      "GET //evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
      301,
      "https://desk.example//evil.example/",
    ],
    ["another site", "GET http://evil.example/ HTTP/1.1\r\n\r\n", 400],
    ["a user", "GET @evil.example/ HTTP/1.1\r\n\r\n", 400],
    ["a control character", "GET /a\tb HTTP/1.1\r\n\r\n", 400],
    ["a long path", `GET /${"a".repeat(3_000)} HTTP/1.1\r\n\r\n`, 400],
    ["a long head", `GET / HTTP/1.1\r\nA: ${"a".repeat(9_000)}`, 400],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ])("sends plain HTTP to https: %s", async (_name, request, status, location) => {
    const proxyFixture = await openProxyFixture(cleanup, { advertise: { host: "desk.example", port: 443 } });
    const answer = await ask(await dial(proxyFixture), request);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(/\r\nLocation: (.*)\r\n/.exec(answer)?.[1]).toBe(location);
    expect(answer).not.toContain("Host:");
  });

  it.each(["\x00", "\x02", "ssh", "\x80\x01", "\xff"])("closes what begins with %j", async (bytes) => {
    const proxyFixture = await openProxyFixture(cleanup);
    expect(await ask(await dial(proxyFixture), bytes)).toBe("");
  });

  it.each(["", "G", "GET / HTTP/1.1\r\nA: b\r\n"])("cuts after 5 s whoever dribbles %j", async (start) => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const before = await countTimersAtRest(clock);
    const socket = await dial(proxyFixture);
    const reader = new ByteReader(socket);
    await waitFor("the connection", () => clock.pending >= before + 2);
    const first = start === "" ? Buffer.of(0x16, 3, 1) : Buffer.from(start);
    socket.write(first);
    await waitFor("the first bytes", () => clock.pending < before + 2);
    clock.advance(4_999);
    expect(reader.hasEnded).toBe(false);
    clock.advance(1);
    expect(await reader.readToEnd()).toHaveLength(0);
  });
});

describe("TLS without ALPN, on the one port", () => {
  it("greets a viewer that says nothing, and offers no second encryption", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const viewer = new RfbClient(await dialTls(proxyFixture));
    expect(await viewer.handshake({ password: token })).toMatchObject({
      offered: [2],
      name: "Machine 1",
    });
    viewer.setEncodings(0);
    viewer.end();
    await viewer.reader.readToEnd();
  });

  it.each(["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "G"])(
    "is the web when it begins with %j",
    async (start) => {
      const proxyFixture = await openProxyFixture(cleanup);
      const socket = await dialTls(proxyFixture);
      const reader = new ByteReader(socket);
      socket.write(start);
      if (start.length === 1) {
        await new Promise((resolve) => setImmediate(resolve));
        socket.write("ET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      }
      await reader.readToEnd();
      expect(Buffer.concat(reader.all).toString()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*page/);
    },
  );

  it.each([Buffer.of(0), Buffer.of(2), Buffer.of(1), Buffer.from([0xff])])(
    "closes what nobody takes: %j",
    async (bytes) => {
      const proxyFixture = await openProxyFixture(cleanup);
      const socket = await dialTls(proxyFixture);
      const reader = new ByteReader(socket);
      socket.write(bytes);
      expect(await reader.readToEnd()).toHaveLength(0);
    },
  );

  it.each([["mip/1"], ["h2"]])("refuses a client that offers %s alone", async (protocol) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const raw = await dial(proxyFixture);
    const refused = tls.connect({
      socket: raw,
      ca: proxyFixture.proxy.caCertificate,
      ALPNProtocols: [protocol],
    });
    const [error] = (await once(refused, "error")) as [Error];
    expect(error.message).toMatch(/alert/i);
  });
});
