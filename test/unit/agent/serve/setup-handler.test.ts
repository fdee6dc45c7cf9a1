import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentOptions, Endpoint, PublishedDesktop } from "../../../../agent/index.ts";
import {
  encodePing,
  encodeSetupRequest,
  FrameType,
  type Mip2SetupResponse,
} from "../../../../protocol/index.ts";
import { ByteReader } from "../../../support/byte-reader.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { AgentFixture } from "../support/agent-fixture.ts";
import { makeCa, makeLeaf } from "../support/certificates.ts";
import type { FakeControl, FakeProxyServer } from "../support/fake-proxy-server.ts";
import { FakeVncServer, type FakeVncOptions } from "../support/fake-vnc-server.ts";

const fixture = new AgentFixture();
const otherCa = makeCa("another CA");
let proxy: FakeProxyServer;
beforeEach(async () => {
  proxy = await fixture.startProxy();
});
afterEach(() => fixture.close());

const TICKET = Buffer.alloc(16, 0xa5);

/** All until the end. Unlike an iterator, it leaves the other direction open. */
async function collect(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(stream, "end");
  return Buffer.concat(chunks);
}

async function startVnc(options: FakeVncOptions = {}): Promise<FakeVncServer> {
  return await fixture.ownPeer(new FakeVncServer(options)).start();
}

function at(port: number): Endpoint {
  return { kind: "tcp", host: "127.0.0.1", port };
}

/** An agent with the desktop "Desk", connected. */
async function connect(
  desktop: Omit<PublishedDesktop, "name">,
  options: Partial<AgentOptions> = {},
): Promise<FakeControl> {
  const agent = await fixture.startAgent(proxy, { desktops: [{ name: "Desk", ...desktop }], ...options });
  await agent.ready;
  return await proxy.controls.next();
}

function ask(control: FakeControl, desktop = "Desk", port = proxy.port): void {
  control.socket.write(
    encodeSetupRequest({ ticket: TICKET, proxyHost: "127.0.0.1", proxyPort: port, desktop }),
  );
}

async function responseOn(control: FakeControl): Promise<Mip2SetupResponse> {
  const frame = await control.frames.find(({ type }) => type === FrameType.setupResponse);
  return frame.value as Mip2SetupResponse;
}

describe("a viewer is let through", () => {
  test.each([
    ["without password", {}, {}],
    ["with the server's password", { password: "geheim" }, { vncPassword: "geheim" }],
  ])("%s, over TCP", async (_name, serverOptions, credentials) => {
    const vnc = await startVnc(serverOptions);
    const control = await connect({ endpoint: at(vnc.port), ...credentials });
    ask(control);
    const { response, socket } = await proxy.data.next();
    expect(response).toEqual({ ticket: TICKET, status: 1, code: "" });
    expect(await responseOn(control)).toEqual({ ticket: TICKET, status: 1, code: "" });
    const server = await vnc.entered.next();
    socket.write(Buffer.of(1));
    expect(await new ByteReader(server).read(1)).toEqual(Buffer.of(1));
    server.write("ServerInit");
    expect((await new ByteReader(socket).read(10)).toString()).toBe("ServerInit");
  });

  test("over a Unix socket", async () => {
    const where = path.join(await fixture.cleanup.makeFolder(), "vnc.sock");
    await fixture.ownPeer(new FakeVncServer()).start(where);
    const control = await connect({ endpoint: { kind: "unix", path: where } });
    ask(control);
    expect((await proxy.data.next()).response.status).toBe(1);
  });

  test("much data each way, and each direction ends by itself", async () => {
    const vnc = await startVnc();
    ask(await connect({ endpoint: at(vnc.port) }));
    const { socket } = await proxy.data.next();
    const server = await vnc.entered.next();
    const toServer = collect(server);
    const toViewer = collect(socket);
    const picture = Buffer.alloc(12 * 1024 * 1024, "picture ");
    socket.end("keys");
    expect((await toServer).toString()).toBe("keys");
    server.end(picture);
    expect((await toViewer).equals(picture)).toBe(true);
    await waitFor("the log line", () => fixture.log.find(({ event }) => event === "data.end"));
    expect(fixture.log.find(({ event }) => event === "data.end")).toMatchObject({
      cause: "ended",
      bytesToServer: 4,
      bytesToViewer: picture.length,
    });
  });

  test("a viewer that breaks off ends the server's connection, and the other way round", async () => {
    const vnc = await startVnc();
    const control = await connect({ endpoint: at(vnc.port) });
    ask(control);
    const first = await proxy.data.next();
    const firstServer = await vnc.entered.next();
    const ended = once(firstServer.resume(), "end");
    first.socket.destroy();
    await ended;
    ask(control);
    const second = await proxy.data.next();
    (await vnc.entered.next()).destroy();
    await once(second.socket.resume(), "end");
  });

  test("a session outlives the control connection, and ends in order with the agent", async () => {
    const vnc = await startVnc();
    const agent = await fixture.startAgent(proxy, { desktops: [{ name: "Desk", endpoint: at(vnc.port) }] });
    await agent.ready;
    const control = await proxy.controls.next();
    ask(control);
    const { socket } = await proxy.data.next();
    const server = await vnc.entered.next();
    control.socket.destroy();
    const back = await proxy.controls.next();
    expect((await back.frames.next()).value).toMatchObject({ name: "Desk" });
    server.write("still here");
    const reader = new ByteReader(socket);
    expect((await reader.read(10)).toString()).toBe("still here");
    socket.on("end", () => socket.end());
    server.on("end", () => server.end()).resume();
    await agent.close();
    expect(await reader.readToEnd()).toHaveLength(0);
  });

  test("another server of the service, if the configuration allows it", async () => {
    const vnc = await startVnc();
    const second = await fixture.startProxy();
    const control = await connect({ endpoint: at(vnc.port) }, { allowServers: [`127.0.0.1:${second.port}`] });
    ask(control, "Desk", second.port);
    expect((await second.data.next()).response.ticket).toEqual(TICKET);
    expect((await responseOn(control)).status).toBe(1);
  });
});

describe("a viewer is not let through: a code and nothing else", () => {
  async function refusalFor(control: FakeControl, desktop = "Desk", port = proxy.port): Promise<string> {
    ask(control, desktop, port);
    const { ticket, status, code } = await responseOn(control);
    expect({ ticket, status }).toEqual({ ticket: TICKET, status: 0 });
    expect(proxy.data.size).toBe(0);
    return code;
  }

  test("a desktop that is not ours, a server that is not allowed", async () => {
    const vnc = await startVnc();
    const elsewhere = await fixture.startProxy();
    const control = await connect({ endpoint: at(vnc.port) });
    expect(await refusalFor(control, "Other")).toBe("DESKTOP_UNKNOWN");
    expect(await refusalFor(control, "Desk", elsewhere.port)).toBe("PROXY_NOT_ALLOWED");
    expect([elsewhere.connections, vnc.entered.size]).toEqual([0, 0]);
  });

  test("an allowed server that does not answer, or is of another CA: no ticket goes out", async () => {
    const vnc = await startVnc();
    const impostor = await fixture.startProxy({ leaf: makeLeaf(otherCa), chain: [otherCa] });
    const closed = await findFreePort();
    const control = await connect(
      { endpoint: at(vnc.port) },
      { allowServers: [`127.0.0.1:${impostor.port}`, `127.0.0.1:${closed}`] },
    );
    expect(await refusalFor(control, "Desk", closed)).toBe("PROXY_UNREACHABLE");
    expect(await refusalFor(control, "Desk", impostor.port)).toBe("PROXY_UNREACHABLE");
    await waitFor("the impostor's end", () => impostor.gone > 0);
    expect(impostor.bytesReceived).toBe(0);
  });

  test("nothing listens at the endpoint", async () => {
    const control = await connect({ endpoint: at(await findFreePort()) });
    expect(await refusalFor(control)).toBe("ENDPOINT_REFUSED");
    const nowhere = await connect({ endpoint: { kind: "unix", path: "/nowhere/vnc.sock" } });
    expect(await refusalFor(nowhere)).toBe("ENDPOINT_REFUSED");
  });

  test.each<[string, FakeVncOptions, { vncPassword?: string }]>([
    ["SERVER_PASSWORD_WRONG", { password: "geheim", failureReason: "CANARY" }, { vncPassword: "falsch" }],
    ["SERVER_PASSWORD_MISSING", { password: "geheim" }, {}],
    ["SERVER_SECURITY_UNSUPPORTED", { securityTypes: [20, 22] }, {}],
    ["SERVER_PROTOCOL", { greeting: Buffer.from("HTTP/1.1 400") }, {}],
  ])("%s", async (code, serverOptions, credentials) => {
    const vnc = await startVnc(serverOptions);
    const control = await connect({ endpoint: at(vnc.port), ...credentials });
    expect(await refusalFor(control)).toBe(code);
    await waitFor("the other half to be given up", () => proxy.gone >= proxy.connections - 1);
    expect(proxy.bytesReceived).toBeLessThan(2000);
    expect(JSON.stringify(fixture.log)).not.toMatch(/geheim|falsch/);
  });

  /** A TCP server that takes connections and says nothing; and an agent that has been asked for it. */
  async function askSilent(): Promise<{ clock: ManualClock; control: FakeControl; sockets: net.Socket[] }> {
    const silent = net.createServer();
    const sockets: net.Socket[] = [];
    silent.on("connection", (socket) => sockets.push(socket));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    fixture.cleanup.add({
      stop: async () => {
        for (const socket of sockets) socket.destroy();
        silent.close();
        await once(silent, "close");
      },
    });
    const clock = new ManualClock(Date.now());
    const { port } = silent.address() as net.AddressInfo;
    const control = await connect({ endpoint: at(port) }, { clock });
    ask(control);
    await waitFor("both connections", () => sockets.length === 1 && proxy.connections === 2);
    return { clock, control, sockets };
  }

  test("an endpoint that says nothing for a minute: somebody may have been asked", async () => {
    const { clock, control } = await askSilent();
    clock.advance(3000);
    expect(await responseOn(control)).toMatchObject({ ticket: TICKET, status: 2 });
    for (let count = 0; count < 2; count += 1) {
      clock.advance(20_000);
      // Otherwise the control connection counts as lost.
      control.socket.write(encodePing(FrameType.ping, Buffer.alloc(0)));
      await control.frames.find(({ type }) => type === FrameType.pong);
    }
    clock.advance(17_000);
    expect(await responseOn(control)).toMatchObject({ status: 0, code: "DESKTOP_DECLINED" });
  });

  test("an endpoint that closes after a while: somebody said no", async () => {
    const { clock, control, sockets } = await askSilent();
    clock.advance(20_000);
    expect(await responseOn(control)).toMatchObject({ status: 2 });
    sockets[0]!.end();
    expect(await responseOn(control)).toMatchObject({ status: 0, code: "DESKTOP_DECLINED" });
  });

  test("an endpoint that closes at once", async () => {
    const { control, sockets } = await askSilent();
    sockets[0]!.end();
    expect(await responseOn(control)).toMatchObject({ status: 0, code: "ENDPOINT_REFUSED" });
  });

  test("somebody says no in the VNC server's words", async () => {
    const failureReason = "Connection rejected by local user";
    const vnc = await startVnc({ password: "geheim", failureReason });
    const control = await connect({ endpoint: at(vnc.port), vncPassword: "falsch" });
    expect(await refusalFor(control)).toBe("DESKTOP_DECLINED");
  });

  test("somebody says yes after a while: the viewer is let in on another data connection", async () => {
    const { clock, control, sockets } = await askSilent();
    clock.advance(30_000);
    expect(await responseOn(control)).toMatchObject({ status: 2 });
    await waitFor("the first data connection to be closed", () => proxy.gone >= 1);
    const [socket] = sockets;
    const reader = new ByteReader(socket!);
    socket!.write("RFB 003.008\n");
    await reader.read(12);
    socket!.write(Buffer.of(1, 1));
    await reader.read(1);
    socket!.write(Buffer.alloc(4));
    expect((await proxy.data.next()).response).toEqual({ ticket: TICKET, status: 1, code: "" });
  });
});
