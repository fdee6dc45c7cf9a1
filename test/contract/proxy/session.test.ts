import { afterEach, describe, expect, it } from "vitest";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, connectRfbOverWebSocket } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { awaitNoSessions, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { CANARY_NAME } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const KEY_EVENT = 4;

describe("a session over loopback sockets", () => {
  it.each(["3.3", "3.7", "3.8"] as const)(
    "opens with a token in RFB %s, under the published name",
    async (version) => {
      const proxyFixture = await openProxyFixture(cleanup);
      const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
      const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
      const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
      const greeting = await viewer.handshake({ version, password: token, shared: false });
      expect(greeting).toMatchObject({
        offered: version === "3.3" ? [2] : [5, 2, 129, 130, 6],
        width: 640,
        height: 480,
        name: "Machine 1",
      });
      viewer.pressKey(0xffbe);
      await waitFor("the key", () => desktop.received.length >= 1 + 20 + 16);
      expect(desktop.received[0]).toBe(1);
      expect(desktop.received[21]).toBe(KEY_EVENT);
      expect(viewer.received().includes(CANARY_NAME)).toBe(false);
      viewer.end();
      await awaitNoSessions(proxyFixture);
      const [record] = await proxyFixture.proxy.stores.sessions.list();
      expect(record).toMatchObject({ state: "closed", cause: "VIEWER_LEFT", bytesToServer: 36 });
    },
  );

  it.each([[[]], [["binary"]]])("opens with a token over WebSocket, sub-protocols %j", async (protocols) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const { port } = proxyFixture.proxy.addresses.listen;
    const viewer = await connectRfbOverWebSocket(cleanup, `wss://127.0.0.1:${port}/rfb`, protocols);
    expect(viewer.protocol).toBe(protocols[0] ?? "");
    const greeting = await viewer.handshake({ password: token });
    expect(greeting).toMatchObject({ offered: [2], name: "Machine 1" });
  });

  it("opens with a ticket over WebSocket, security None, and never echoes the ticket", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { url, protocols } = await proxyFixture.proxy.createTicket(view, "control", "admin");
    const viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
    expect(viewer.protocol).toBe("binary");
    expect(await viewer.handshake()).toMatchObject({ offered: [1], name: "Machine 1" });
    expect(proxyFixture.proxy.openSessions()).toMatchObject([{ method: "ticket", transport: "websocket" }]);
    expect(proxyFixture.log()).not.toContain(protocols[1]!.slice("postern.ticket.".length));
  });

  it("lets one of a hundred parallel uses of a ticket in", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { url, protocols } = await proxyFixture.proxy.createTicket(view, "control", "admin");
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, async () => {
        const viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
        return await viewer.handshake();
      }),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const reasons = results.flatMap((result) =>
      result.status === "rejected" ? [String(result.reason)] : [],
    );
    expect(new Set(reasons)).toEqual(
      new Set([
        "Error: Refused at security-types: This ticket was used already or has expired. Open the desktop again.",
      ]),
    );
  });

  it("strips DesktopName from SetEncodings", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    viewer.setEncodings(-307, 0);
    await waitFor("SetEncodings", () => desktop.received.length >= 21 + 8);
    expect(desktop.received.subarray(21).toString("hex")).toBe("0200000100000000");
  });

  it("lets a viewer look only with a token for looking", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxyFixture.proxy.createToken(view, "view", 60, "admin");
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    viewer.pressKey(0x61);
    viewer.movePointer(1, 1, 1);
    viewer.requestUpdate();
    await waitFor("the request", () => desktop.received.length >= 21 + 10);
    expect(desktop.received[21]).toBe(3);
    expect(desktop.received).toHaveLength(31);
  });

  it("hands over what the server sends with ServerInit, and its end", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    desktop.greeting = Buffer.alloc(3_000_000, 7);
    const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    desktop.socket!.end();
    expect((await viewer.reader.readToEnd()).equals(desktop.greeting)).toBe(true);
    viewer.end();
    await awaitNoSessions(proxyFixture);
    const [record] = await proxyFixture.proxy.stores.sessions.list();
    expect(record).toMatchObject({ cause: "DESKTOP_ENDED", bytesToViewer: 3_000_000 });
  });

  it("ends a session whose viewer sends what RFB does not know", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
    const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    viewer.write([77]);
    await viewer.reader.readToEnd();
    await awaitNoSessions(proxyFixture);
    expect(desktop.ended).toBe(true);
    const [record] = await proxyFixture.proxy.stores.sessions.list();
    expect(record).toMatchObject({ cause: "VIEWER_PROTOCOL" });
  });

  it("writes one audit line when it opens and one when it ends", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { view, agent } = await publishDesktop(cleanup, proxyFixture);
    const { id, token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    const started = (await proxyFixture.audit()).filter(({ event }) => event.action === "session.start");
    expect(started).toMatchObject([
      {
        agent: { id: agent.key.agentId },
        postern: { token: { id }, method: "token", desktop: { id: view.id, name: view.name } },
      },
    ]);
    await viewer.stop();
    await awaitNoSessions(proxyFixture);
    await proxyFixture.proxy.close();
    const lines = await proxyFixture.audit();
    const ended = lines.filter(({ event }) => event.action === "session.end");
    expect(ended).toMatchObject([
      { postern: { token: { id } }, source: { bytes: 20 }, destination: { bytes: 0 } },
    ]);
    expect(JSON.stringify(lines)).not.toContain(token);
    expect(lines.map(({ event }) => event.sequence)).toEqual(lines.map((_line, index) => index + 1));
  });
});
