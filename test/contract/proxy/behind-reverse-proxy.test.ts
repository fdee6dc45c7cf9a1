import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { createWebSocketStream, WebSocket } from "ws";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { RfbClient } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

/** Where the reverse proxy is; the test's agent and other clients come from 127.0.0.1. */
const REVERSE_PROXY = "127.0.0.2";

interface Ask {
  readonly path?: string;
  readonly from?: string;
  readonly forwarded?: string;
}

async function secure({ proxy }: ProxyFixture, from: string): Promise<TLSSocket> {
  const { host, port } = proxy.addresses.listen;
  const where = { host, port, localAddress: from, ca: proxy.caCertificate, servername: "localhost" };
  const socket = tls.connect({ ...where, ALPNProtocols: ["http/1.1"] });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(void socket.destroy()) });
  await once(socket, "secureConnect");
  return socket;
}

/** Asks for an upgrade; settles with the WebSocket, or the status of its refusal. */
async function upgrade(
  proxyFixture: ProxyFixture,
  { path = "/rfb", from = REVERSE_PROXY, forwarded }: Ask,
): Promise<WebSocket | number> {
  const socket = await secure(proxyFixture, from);
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  const protocol = path === "/mip" ? "mip.v2" : "binary";
  const options = { createConnection: () => socket, headers };
  const webSocket = new WebSocket(`wss://localhost${path}`, [protocol], options);
  webSocket.on("error", () => undefined);
  return new Promise((resolve) => {
    webSocket.once("open", () => {
      resolve(webSocket);
    });
    webSocket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
    });
  });
}

async function open(trustedProxies: readonly string[] = [REVERSE_PROXY]) {
  const proxyFixture = await openProxyFixture(cleanup, { trustedProxies });
  const { view } = await publishDesktop(cleanup, proxyFixture);
  const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
  const enter = async (ask: Ask, password = token) => {
    const webSocket = await upgrade(proxyFixture, ask);
    if (typeof webSocket === "number") throw new Error(`refused with ${webSocket}`);
    const viewer = new RfbClient(createWebSocketStream(webSocket));
    await viewer.handshake({ password });
    return viewer;
  };
  return { ...proxyFixture, enter };
}

async function readSource({ proxy }: ProxyFixture): Promise<string> {
  return (await waitFor("the session", () => proxy.openSessions()[0])).sourceAddress;
}

describe("behind a trusted reverse proxy", () => {
  it("a viewer is known by its own address", async () => {
    const gateway = await open();
    await gateway.enter({ forwarded: "203.0.113.9" });
    expect(await readSource(gateway)).toBe("203.0.113.9");
  });

  it("an address that the client made up does not count", async () => {
    const gateway = await open();
    await gateway.enter({ forwarded: "198.51.100.7, 203.0.113.9" });
    expect(await readSource(gateway)).toBe("203.0.113.9");
  });

  it("wrong guesses are the client's, and do not lock others out", async () => {
    const { enter } = await open();
    const guess = { forwarded: "203.0.113.9" };
    for (let count = 0; count < PROXY_LIMITS.freeGuesses; count += 1)
      await expect(enter(guess, "nope2345")).rejects.toThrow(/wrong/);
    await expect(enter(guess)).rejects.toThrow(/Try again in/);
    await enter({ forwarded: "203.0.113.10" });
  });

  it("agents count by their own addresses: one that fills its places leaves others room", async () => {
    // The clock stands still: however long this takes, none of them is late.
    const options = { trustedProxies: [REVERSE_PROXY], clock: new ManualClock() };
    const proxyFixture = await openProxyFixture(cleanup, options);
    const ask = { path: "/mip", forwarded: "203.0.113.9" };
    // They do not go on to prove anything.
    const asked = Array.from({ length: PROXY_LIMITS.preAuthPerSource }, () => upgrade(proxyFixture, ask));
    expect((await Promise.all(asked)).every((answer) => typeof answer !== "number")).toBe(true);
    expect(await upgrade(proxyFixture, ask)).toBe(503);
    expect(await upgrade(proxyFixture, { ...ask, forwarded: "203.0.113.10" })).toBeInstanceOf(WebSocket);
    // Made up by the same client: it is still the same one.
    expect(await upgrade(proxyFixture, { ...ask, forwarded: "198.51.100.1, 203.0.113.9" })).toBe(503);
  });

  it("is written down by that address when it is refused", async () => {
    const gateway = await open();
    const socket = await secure(gateway, REVERSE_PROXY);
    const origin = "Origin: https://evil.example\r\nX-Forwarded-For: 203.0.113.9\r\n";
    const head = "GET /rfb HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    socket.write(`${head}${key}${origin}\r\n`);
    await once(socket.resume(), "close");
    await gateway.proxy.close();
    const lines = (await gateway.audit()).filter(({ event }) => event.reason === "ORIGIN_REFUSED");
    expect(lines).toMatchObject([{ source: { ip: "203.0.113.9" } }]);
  });
});

describe("nobody else is believed", () => {
  it.each([
    ["from another address", [REVERSE_PROXY], "127.0.0.1"],
    ["when nobody is trusted", [], REVERSE_PROXY],
  ])("%s", async (_name, trusted, from) => {
    const gateway = await open(trusted);
    await gateway.enter({ from, forwarded: "203.0.113.9" });
    expect(await readSource(gateway)).toBe(from);
  });
});
