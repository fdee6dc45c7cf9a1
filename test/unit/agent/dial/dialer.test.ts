import { once } from "node:events";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { Dialer } from "../../../../agent/dial/dialer.ts";
import { AGENT_LIMITS } from "../../../../agent/agent-limits.ts";
import { systemClock, type Clock } from "../../../../protocol/index.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { AgentFixture } from "../support/agent-fixture.ts";
import { makeCa, makeLeaf, type IssuedTestCertificate } from "../support/certificates.ts";

const fixture = new AgentFixture();
const otherCa = makeCa("another CA");
afterEach(() => fixture.close());

interface Front {
  readonly port: number;
  /** What was tried, in order. */
  readonly tries: string[];
}

/** A reverse proxy with a certificate of its own that passes WebSockets on to a server with the inner certificate. */
async function startFront(inner: IssuedTestCertificate, innerCa: IssuedTestCertificate): Promise<Front> {
  const tries: string[] = [];
  const outer = makeLeaf(otherCa);
  const server = https.createServer({ key: outer.keyPem, cert: outer.pem });
  const sockets = new Set<Duplex>();
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    tries.push(socket.alpnProtocol === "http/1.1" ? "https" : "other");
  });
  server.on("tlsClientError", () => tries.push("refused"));
  const webSockets = new WebSocketServer({ noServer: true, handleProtocols: () => "mip.v2" });
  server.on("upgrade", (request, socket, head) => {
    if (request.url !== "/mip") return void socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const key = inner.keyPem;
      const cert = inner.pem + innerCa.pem;
      const options = { isServer: true, key, cert, ALPNProtocols: ["mip/2"] };
      new TLSSocket(createWebSocketStream(webSocket), options).on("error", () => undefined);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  fixture.ownPeer({
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
  return { port: (server.address() as AddressInfo).port, tries };
}

function makeDialer(clock: Clock = systemClock): Dialer {
  return new Dialer({
    trust: { kind: "fingerprint", sha256: fixture.fingerprint },
    transport: "auto",
    httpProxy: null,
    clock,
    log: pino({ level: "silent" }),
  });
}

function dial(dialer: Dialer, port: number) {
  return dialer.dial({ host: "127.0.0.1", port }, 5_000, new AbortController().signal);
}

describe("which way an agent goes by itself", () => {
  test("plain TLS where it passes", async () => {
    const server = await fixture.startProxy();
    const { socket } = await dial(makeDialer(), server.port);
    await waitFor("the connection", () => server.connections === 1);
    expect(server.gone).toBe(0);
    socket.destroy();
  });

  test("a WebSocket where another certificate ends the TLS; the inner certificate counts", async () => {
    const front = await startFront(fixture.leaf, fixture.ca);
    const { socket, service } = await dial(makeDialer(), front.port);
    expect(service).toBe(fixture.fingerprint);
    expect(socket.alpnProtocol).toBe("mip/2");
    expect(front.tries.at(-1)).toBe("https");
    socket.destroy();
  });

  test("what worked is remembered for a while", async () => {
    const clock = new ManualClock(Date.now());
    const front = await startFront(fixture.leaf, fixture.ca);
    const dialer = makeDialer(clock);
    const count = async () => {
      const before = front.tries.length;
      (await dial(dialer, front.port)).socket.destroy();
      return front.tries.length - before;
    };
    expect(await count()).toBe(2);
    clock.advance(AGENT_LIMITS.transportMemoryMs - 1);
    expect(await count()).toBe(1);
    clock.advance(1);
    expect(await count()).toBe(2);
  });

  test("an inner certificate of another service is refused: no way leads around the pin", async () => {
    const front = await startFront(makeLeaf(otherCa), otherCa);
    await expect(dial(makeDialer(), front.port)).rejects.toMatchObject({
      code: "TRUST_FINGERPRINT_MISMATCH",
    });
    expect(front.tries.at(-1)).toBe("https");
  });

  test("where neither passes, the reason is that of plain TLS", async () => {
    const impostor = await fixture.startProxy({ leaf: makeLeaf(otherCa), chain: [otherCa] });
    await expect(dial(makeDialer(), impostor.port)).rejects.toMatchObject({
      code: "TRUST_FINGERPRINT_MISMATCH",
    });
    expect(impostor.bytesReceived).toBe(0);
  });

  test("nobody there is nobody there: no second try", async () => {
    await expect(dial(makeDialer(), await findFreePort())).rejects.toMatchObject({ code: "DIAL_REFUSED" });
  });

  test("a firewall that swallows the handshake, or resets it", async () => {
    const sockets: Socket[] = [];
    let reset = false;
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => reset && socket.resetAndDestroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    fixture.ownPeer({
      stop: async () => {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, "close");
      },
    });
    const clock = new ManualClock();
    const { port } = server.address() as AddressInfo;
    const dialing = dial(makeDialer(clock), port);
    await waitFor("the first try", () => sockets.length === 1);
    await waitFor("its handshake", () => sockets[0]!.bytesRead > 0);
    clock.advance(2_500);
    await waitFor("the second try", () => sockets.length === 2);
    await waitFor("its handshake", () => sockets[1]!.bytesRead > 0);
    clock.advance(2_500);
    await expect(dialing).rejects.toMatchObject({ code: "DIAL_TLS_SILENT" });
    reset = true;
    await expect(dial(makeDialer(), port)).rejects.toMatchObject({ code: "DIAL_TLS" });
    expect(sockets).toHaveLength(4);
  });
});
