import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { encodePing, encodeSetupResponse, FrameType } from "../../../protocol/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { dialMip2 } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

describe("deadlines are absolute", () => {
  it.each([0, 1, 100])("TLS: cut after 5 s, %i bytes sent", async (count) => {
    const clock = new ManualClock();
    const { proxy } = await openProxyFixture(cleanup, { clock });
    const before = clock.pending;
    const socket = net.connect(proxy.addresses.listen);
    socket.on("error", () => undefined);
    socket.resume();
    if (count > 0)
      socket.write(Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0), Buffer.alloc(count)]).subarray(0, count));
    await waitFor("the deadline", () => clock.pending > before);
    clock.advance(4_999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    await once(socket, "close");
  });

  it.each(["", "RFB 003.008\n"])("RFB: cut 10 s after the first byte, after %j", async (said) => {
    const clock = new ManualClock();
    const { proxy } = await openProxyFixture(cleanup, { clock });
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    await viewer.reader.read(12);
    viewer.write(Buffer.from(said));
    if (said !== "") await viewer.reader.read((await viewer.reader.read(1))[0]!);
    clock.advance(9_999);
    expect(viewer.reader.hasEnded).toBe(false);
    clock.advance(1);
    expect(await viewer.reader.readToEnd()).toHaveLength(0);
  });

  it("RFB: a person has a minute for the token", async () => {
    const clock = new ManualClock();
    const { proxy } = await openProxyFixture(cleanup, { clock });
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    await viewer.reader.read(12);
    viewer.write(Buffer.from("RFB 003.003\n"));
    await viewer.reader.read(4 + 16);
    clock.advance(59_999);
    expect(viewer.reader.hasEnded).toBe(false);
    clock.advance(1);
    await viewer.reader.readToEnd();
  });

  it("MiP: cut after 5 s without a first frame", async () => {
    const clock = new ManualClock();
    const { proxy } = await openProxyFixture(cleanup, { clock });
    const before = clock.pending;
    const socket = await dialMip2(proxy);
    socket.resume();
    await waitFor("the deadline", () => clock.pending > before);
    clock.advance(5_000);
    await once(socket, "close");
  });

  it("pairing: the viewer is told after 10 s, and the late data connection is cut", async () => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const { proxy } = proxyFixture;
    const { agent, desktop, view } = await publishDesktop(cleanup, proxyFixture);
    let ticket: Buffer | undefined;
    agent.onSetup = (request) => (ticket = request.ticket);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const refused = expect(viewer.handshake({ password: token })).rejects.toMatchObject({
      reason: "The host of this desktop did not answer in time. Try again in a moment.",
    });
    await waitFor("the Setup request", () => ticket !== undefined);
    clock.advance(10_000);
    await refused;
    const data = await agent.openDataConnection(proxy, ticket!, desktop);
    await once(data, "close");
  });

  it("a desktop that asks somebody has more than a minute, and the viewer reads who said no", async () => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const { proxy } = proxyFixture;
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    let ticket: Buffer | undefined;
    agent.onSetup = (request) => (ticket = request.ticket);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const refused = expect(viewer.handshake({ password: token })).rejects.toMatchObject({
      reason: "The person at this desktop was asked, and said no or did not answer in time.",
    });
    await waitFor("the Setup request", () => ticket !== undefined);
    agent.socket.write(encodeSetupResponse({ ticket: ticket!, status: 2, code: "" }));
    // Answered on the same connection, so what was written before it has been read.
    await agent.publish("asked");
    clock.advance(20_000);
    agent.socket.write(encodePing(FrameType.pong, Buffer.alloc(0)));
    await agent.publish("asked again");
    agent.socket.write(encodeSetupResponse({ ticket: ticket!, status: 0, code: "DESKTOP_DECLINED" }));
    await refused;
  });

  it("a viewer that leaves while its desktop is being opened leaves nothing behind", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { agent, desktop, view } = await publishDesktop(cleanup, proxyFixture);
    let ticket: Buffer | undefined;
    agent.onSetup = (request) => (ticket = request.ticket);
    const { token } = await proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    viewer.handshake({ password: token }).catch(() => undefined);
    await waitFor("the Setup request", () => ticket !== undefined);
    viewer.end();
    await viewer.reader.readToEnd();
    const data = await agent.openDataConnection(proxy, ticket!, desktop);
    await once(data, "close");
    expect(await proxy.stores.sessions.list()).toEqual([]);
  });
});

describe("the pulse of an agent", () => {
  it("ends a connection on which nothing was heard for 30 s", async () => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const { agent } = await publishDesktop(cleanup, proxyFixture);
    clock.advance(20_000);
    await waitFor("two pings", () => agent.find(FrameType.ping).length === 2);
    agent.socket.write(encodePing(FrameType.pong, Buffer.alloc(0)));
    await agent.publish("heard");
    clock.advance(20_000);
    expect(proxyFixture.proxy.connectedAgents()).toHaveLength(1);
    clock.advance(10_000);
    await waitFor("the end", () => agent.ended && proxyFixture.proxy.connectedAgents().length === 0);
  });
});
