import { afterEach, describe, expect, it } from "vitest";
import { encodeSetEncodings, PERMISSIONS, type Permission } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, connectRfbOverWebSocket, type RfbClient } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import {
  EVERY_EXTENSION,
  SAMPLES,
  ULTRA_SAMPLES,
} from "../../unit/protocol/rfb/client-stream/sample-messages.ts";
import { awaitNoSessions, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

/** ClientInit and the viewer's first SetPixelFormat. */
const BEFORE = 1 + 20;
const LIST = encodeSetEncodings([...EVERY_EXTENSION, -316, -307]);

async function enter(
  transport: "rfb" | "websocket",
  denied: readonly Permission[],
  role: "view" | "control",
) {
  const proxyFixture = await openProxyFixture(cleanup);
  const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
  let viewer: RfbClient;
  if (transport === "websocket") {
    const { url, protocols } = await proxyFixture.proxy.createTicket(view, role, "admin", denied);
    viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
    await viewer.handshake();
  } else {
    const { token } = await proxyFixture.proxy.createToken(view, role, 60, "admin", denied);
    viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
  }
  await waitFor("the first message", () => desktop.received.length === BEFORE);
  return { proxyFixture, desktop, viewer };
}

/** Lets what was written leave as a packet, or a frame, of its own. */
function flushPacket(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe.each(["rfb", "websocket"] as const)("a hostile viewer over %s", (transport) => {
  it.each<["view" | "control", readonly Permission[], RegExp, readonly number[]]>([
    ["view", [], /Key|Pointer|CutText|xvp|DesktopSize|gii|extended key/, [-313, -312, -308, -259]],
    [
      "view",
      ["clipboard-out"],
      /Key|Pointer|CutText|xvp|DesktopSize|gii|extended key/,
      [-313, -312, -308, -259],
    ],
    ["control", PERMISSIONS, /CutText|xvp|DesktopSize|audio/, [-313, -312, -308, -305, -258]],
  ])(
    "as %s, denied %j: of every message, cut at every byte, only what may pass does",
    async (role, denied, kept, told) => {
      const { desktop, viewer } = await enter(transport, denied, role);
      const expected: Buffer[] = [];
      for (const { name, wire } of SAMPLES) {
        for (let cut = 0; cut < wire.length; cut += 1) {
          viewer.write(Buffer.concat([LIST, wire.subarray(0, cut)]));
          await flushPacket();
          viewer.write(wire.subarray(cut));
          expected.push(encodeSetEncodings(told), ...(kept.test(name) ? [] : [wire]));
        }
      }
      const all = Buffer.concat(expected);
      await waitFor("all of it", () => desktop.received.length - BEFORE >= all.length);
      expect(desktop.received.subarray(BEFORE).equals(all)).toBe(true);
    },
  );
});

it("messages of UltraVNC and what is too long are left out; the session goes on, and the log says so once", async () => {
  const { proxyFixture, desktop, viewer } = await enter("rfb", [], "control");
  const after = SAMPLES[0]!.wire;
  const clipboard = Buffer.alloc(8 + 0x40001, 0x04);
  clipboard.writeUInt32BE(0x06000000, 0);
  clipboard.writeUInt32BE(0x40001, 4);
  for (const wire of [...ULTRA_SAMPLES.map(({ wire }) => wire), clipboard, clipboard]) {
    viewer.write(Buffer.concat([wire, after]));
  }
  const expected = Buffer.concat(Array.from({ length: ULTRA_SAMPLES.length + 2 }, () => after));
  await waitFor("all that follows", () => desktop.received.length - BEFORE >= expected.length);
  expect(desktop.received.subarray(BEFORE).equals(expected)).toBe(true);
  expect(proxyFixture.proxy.openSessions()).toHaveLength(1);
  expect(proxyFixture.log().match(/"event":"session.left-out","message":"ClientCutText"/g)).toHaveLength(1);
});

it("UltraVNC's file transfer ends the session before a byte of it has passed: nobody knows how long it is", async () => {
  const { proxyFixture, desktop, viewer } = await enter("rfb", [], "control");
  viewer.write(Buffer.concat([Buffer.alloc(12, 7), SAMPLES[0]!.wire]));
  await viewer.reader.readToEnd();
  await awaitNoSessions(proxyFixture);
  expect(desktop.received).toHaveLength(BEFORE);
  const [record] = await proxyFixture.proxy.stores.sessions.list();
  expect(record).toMatchObject({ cause: "VIEWER_PROTOCOL" });
});

describe("a desktop whose clipboard stays in", () => {
  it("ends the session when it sends what cannot be followed", async () => {
    const { proxyFixture, desktop, viewer } = await enter("rfb", ["clipboard-out"], "control");
    const secret = Buffer.from("CANARY");
    const clipboard = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, secret.length]), secret]);
    desktop.socket!.write(Buffer.concat([Buffer.from([2]), clipboard, Buffer.from([2, 77]), clipboard]));
    await viewer.reader.readToEnd();
    await awaitNoSessions(proxyFixture);
    expect(viewer.received().subarray(-2)).toEqual(Buffer.from([2, 2]));
    expect(viewer.received().includes(secret)).toBe(false);
    const [record] = await proxyFixture.proxy.stores.sessions.list();
    expect(record).toMatchObject({ cause: "DESKTOP_PROTOCOL", denied: ["clipboard-out"] });
  });
});
