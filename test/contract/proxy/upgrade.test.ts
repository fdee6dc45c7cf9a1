import https from "node:https";
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { once } from "node:events";
import { WebSocket } from "ws";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { connectRfbOverWebSocket } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const TICKET = `postern.ticket.${"A".repeat(43)}`;

interface Ask {
  readonly path?: string;
  readonly origin?: string;
  readonly host?: string;
  readonly protocols?: string;
}

/** The status of an upgrade, and the sub-protocol of the answer. */
function upgrade(port: number, { path = "/rfb", origin, host, protocols }: Ask): Promise<[number, string?]> {
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: "127.0.0.1",
      port,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
        ...(origin === undefined ? {} : { Origin: origin }),
        ...(host === undefined ? {} : { Host: host }),
        ...(protocols === undefined ? {} : { "Sec-WebSocket-Protocol": protocols }),
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      response.resume();
      resolve([response.statusCode ?? 0]);
    });
    request.on("upgrade", (response, socket) => {
      socket.destroy();
      const protocol = response.headers["sec-websocket-protocol"];
      resolve(protocol === undefined ? [101] : [101, protocol]);
    });
    request.end();
  });
}

describe("upgrades", () => {
  it("go by Origin, sub-protocol and path", async () => {
    const proxyFixture = await openProxyFixture(cleanup, {
      advertise: { host: "vnc.example.org", port: 443 },
    });
    const { proxy } = proxyFixture;
    const { port } = proxy.addresses.listen;
    const cases: [Ask, [number, string?]][] = [
      [{}, [101]],
      [{ origin: "https://desk.example.org" }, [101]],
      [{ origin: "https://vnc.example.org" }, [101]],
      [{ origin: `https://127.0.0.1:${port}` }, [101]],
      [{ origin: `http://127.0.0.1:${port}` }, [403]],
      [{ origin: "https://evil.example.org" }, [403]],
      [{ origin: "https://desk.example.org.evil.org" }, [403]],
      [{ origin: "https://vnc.example.org:444" }, [403]],
      [{ origin: "null" }, [403]],
      [{ origin: "https://other.example.org", host: "other.example.org" }, [101]],
      [{ protocols: "binary" }, [101, "binary"]],
      [{ protocols: `binary, ${TICKET}` }, [101, "binary"]],
      [{ protocols: `${TICKET}, binary` }, [101, "binary"]],
      [{ protocols: TICKET }, [400]],
      [{ protocols: "base64" }, [400]],
      [{ protocols: "binary, base64" }, [101, "binary"]],
      [{ protocols: "binary, postern.ticket.short" }, [400]],
      [{ protocols: `binary, ${TICKET}, ${TICKET.slice(0, -1)}B` }, [400]],
      [{ path: "/rfb?x=1" }, [101]],
      [{ path: "/rfb/" }, [404]],
      [{ path: "/other" }, [404]],
    ];
    for (const [ask, expected] of cases) {
      expect(await upgrade(port, ask), JSON.stringify(ask)).toEqual(expected);
    }
    const refused = cases.filter(([, [status]]) => status === 403 || status === 400);
    await proxy.close();
    const reasons = (await proxyFixture.audit()).flatMap(({ event }) =>
      event.action === "session.refuse" ? [event.reason] : [],
    );
    expect(reasons).toEqual(
      refused.map(([, [status]]) => (status === 403 ? "ORIGIN_REFUSED" : "SUB_PROTOCOL_REFUSED")),
    );
  });
});

describe("X17: before its viewer has authenticated, a WebSocket", () => {
  /** How the server closes a WebSocket that sends this. */
  async function closedAfter(send: (socket: WebSocket) => void): Promise<number> {
    const { proxy } = await openProxyFixture(cleanup);
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.addresses.listen.port}/rfb`, {
      rejectUnauthorized: false,
    });
    cleanup.add({ stop: () => Promise.resolve(socket.terminate()) });
    socket.on("error", () => undefined);
    await once(socket, "open");
    send(socket);
    const [code] = (await once(socket, "close")) as [number];
    return code;
  }

  it("takes no message that is longer than a handshake", async () => {
    const bytes = PROXY_LIMITS.rfbHandshakeBytes + 1;
    expect(await closedAfter((socket) => socket.send(Buffer.alloc(bytes)))).toBe(1009);
  });

  it("takes few fragments", async () => {
    const code = await closedAfter((socket) => {
      for (let n = 0; n <= PROXY_LIMITS.preAuthFragments; n += 1)
        socket.send("a", { binary: true, fin: false });
    });
    expect(code).toBe(1008);
  });

  it("and takes whole messages afterwards", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const { url, protocols } = await proxyFixture.proxy.createTicket(view, "control", "admin");
    const viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
    await viewer.handshake();
    const before = desktop.received.length;
    const text = Buffer.alloc(100_000, "a");
    const header = Buffer.alloc(8);
    header[0] = 6;
    header.writeUInt32BE(text.length, 4);
    viewer.write(Buffer.concat([header, text]));
    await waitFor("the whole message", () => desktop.received.length >= before + 8 + text.length);
  });

  it("a longer one ends the session with a reason that a page can show, and that the audit log has", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { url, protocols } = await proxyFixture.proxy.createTicket(view, "control", "admin");
    const viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
    await viewer.handshake();
    const closed = once(viewer.webSocket, "close") as Promise<[number, Buffer]>;
    viewer.webSocket.on("error", () => undefined);
    viewer.webSocket.send(Buffer.alloc(PROXY_LIMITS.webSocketMessageBytes + 1));
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([1009, "A message was longer than 1 MiB."]);
    await proxyFixture.proxy.close();
    const ends = (await proxyFixture.audit()).filter(({ event }) => event.action === "session.end");
    expect(ends.map(({ event }) => event.reason)).toEqual(["VIEWER_PROTOCOL"]);
  });
});
