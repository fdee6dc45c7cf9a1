import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { dialServer } from "../../../../agent/dial/dial-server.ts";
import { parseHttpProxy } from "../../../../agent/dial/http-proxy.ts";
import { AGENT_LIMITS } from "../../../../agent/agent-limits.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { AgentFixture } from "../support/agent-fixture.ts";

const fixture = new AgentFixture();
afterEach(() => fixture.close());

interface ScriptedHttpProxy {
  readonly port: number;
  readonly requests: string[];
  readonly sockets: Set<Socket>;
}

/** @param answer what the proxy says; null: it opens the tunnel. Given in pieces: one packet each. */
async function startHttpProxy(answer: readonly string[] | null): Promise<ScriptedHttpProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (chunk: Buffer) => {
      const request = chunk.toString();
      requests.push(request);
      if (answer !== null) {
        for (const piece of answer) socket.write(piece);
        return;
      }
      const upstream = net.connect(Number(/:(\d+) /.exec(request)?.[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => socket.destroy());
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
  return { port: (server.address() as AddressInfo).port, requests, sockets };
}

function dialThrough(proxyPort: number, port: number, { user = "", clock = systemClock } = {}) {
  return dialServer(
    { host: "127.0.0.1", port },
    {
      trust: { kind: "fingerprint", sha256: fixture.fingerprint },
      deadlineMs: 5000,
      clock,
      signal: new AbortController().signal,
      httpProxy: parseHttpProxy(`http://${user}127.0.0.1:${proxyPort}`),
    },
  );
}

async function faultOf(...answer: string[]): Promise<{ code: string; safeMessage: string }> {
  const proxy = await startHttpProxy(answer);
  const fault: unknown = await dialThrough(proxy.port, 4443, { user: "ada:secret@" }).then(
    () => ({ code: "accepted" }),
    (error: unknown) => error,
  );
  await waitFor("the end of the connection", () => proxy.sockets.size === 0);
  expect(String(fault)).not.toContain("secret");
  return fault as { code: string; safeMessage: string };
}

describe("a tunnel", () => {
  test("leads to the server, whose own certificate is what counts", async () => {
    const server = await fixture.startProxy();
    const proxy = await startHttpProxy(null);
    const { socket } = await dialThrough(proxy.port, server.port, { user: "ada:l%C3%B6ve@" });
    expect(socket.alpnProtocol).toBe("mip/2");
    const login = Buffer.from("ada:löve").toString("base64");
    expect(proxy.requests).toEqual([
      `CONNECT 127.0.0.1:${server.port} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n` +
        `Proxy-Authorization: Basic ${login}\r\n\r\n`,
    ]);
    socket.destroy();
  });

  test("an agent keeps its control connection in one, and brings data connections in others", async () => {
    const server = await fixture.startProxy();
    const proxy = await startHttpProxy(null);
    const httpProxy = { url: `http://127.0.0.1:${proxy.port}`, bypass: "" };
    const agent = await fixture.startAgent(server, { httpProxy });
    await agent.ready;
    expect(proxy.requests).toHaveLength(1);
  });
});

describe("answers that are no tunnel", () => {
  test("a login is wanted", async () => {
    const fault = await faultOf("HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=x\r\n\r\n");
    expect(fault).toMatchObject({ code: "HTTP_PROXY_LOGIN" });
    expect(fault.safeMessage).toContain("did not take the user and the password");
    const odd = await faultOf('HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n<html>');
    expect(odd.safeMessage).toContain("did not take the user and the password");
    const other = await faultOf("HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\n\r\n");
    expect(other.safeMessage).toContain("only Basic works");
    const proxy = await startHttpProxy(["HTTP/1.0 407 A\r\nProxy-Authenticate: Basic\r\n\r\n<html>"]);
    await expect(dialThrough(proxy.port, 1)).rejects.toMatchObject({
      safeMessage: expect.stringContaining("http://USER:PASSWORD@HOST:PORT") as string,
    });
  });

  test.each([
    ["403 Forbidden", "HTTP_PROXY_FORBIDDEN", "allow CONNECT"],
    ["502 Bad Gateway", "HTTP_PROXY_UNREACHABLE", "Is the server running"],
    ["503 Unavailable", "HTTP_PROXY_UNREACHABLE", "cannot reach 127.0.0.1:4443"],
    ["302 Found", "HTTP_PROXY_REFUSED", "refused"],
  ])("%s", async (status, code, words) => {
    const fault = await faultOf(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nhello`);
    expect(fault).toMatchObject({ code });
    expect(fault.safeMessage).toContain(words);
  });

  test("what is no answer of an HTTP proxy", async () => {
    expect(await faultOf("RFB 003.008\n\r\n\r\n")).toMatchObject({ code: "HTTP_PROXY_ANSWER" });
    expect(await faultOf("HTTP/1.1 200 OK\r\n\r\nmore")).toMatchObject({ code: "HTTP_PROXY_ANSWER" });
  });

  test("an endless head: the limit, and one byte more", async () => {
    const head = "HTTP/1.1 502 Bad\r\nX: ";
    const room = AGENT_LIMITS.httpProxyAnswerBytes - head.length;
    const atLimit = await faultOf(head, "x".repeat(room - 4), "\r\n\r\n");
    expect(atLimit).toMatchObject({ code: "HTTP_PROXY_UNREACHABLE" });
    expect(await faultOf(head, "x".repeat(room + 1))).toMatchObject({ code: "HTTP_PROXY_ANSWER" });
  });

  test("none at all", async () => {
    const proxy = await startHttpProxy([]);
    const clock = new ManualClock();
    const dialing = dialThrough(proxy.port, 1, { clock });
    await waitFor("the request", () => proxy.requests.length === 1);
    clock.advance(5000);
    await expect(dialing).rejects.toMatchObject({ code: "DIAL_TIMEOUT" });
    expect(clock.pending).toBe(0);

    const closing = dialThrough(proxy.port, 1);
    await waitFor("the request", () => proxy.requests.length === 2);
    for (const socket of proxy.sockets) socket.end();
    await expect(closing).rejects.toMatchObject({ code: "HTTP_PROXY_CLOSED" });
    await expect(dialThrough(await findFreePort(), 1)).rejects.toMatchObject({ code: "HTTP_PROXY_DOWN" });
  });
});
