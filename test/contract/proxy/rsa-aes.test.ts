import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import {
  describeRsaAes,
  encodeProtocolVersion,
  formatKeyFingerprint,
  parseAll,
  RSA_AES_TYPES,
  systemClock,
} from "../../../protocol/index.ts";
import { rsaPublicKey } from "../../../protocol/rfb/rsa-aes/public-key.ts";
import { openStores } from "../../../proxy/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { connectRsaAes } from "../../support/rsa-aes-viewer.ts";
import { waitFor } from "../../support/wait-for.ts";
import { awaitNoSessions, openProxyFixture, publishDesktop, type ProxyFixture } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const WRONG = "This token is wrong or has expired. Ask for a new one.";
const KEY_EVENT = Buffer.from([4, 1, 0, 0, 0, 0, 0xff, 0xbe]);

async function openDesktop(greeting = Buffer.alloc(0)) {
  const proxyFixture = await openProxyFixture(cleanup);
  const { desktop, view } = await publishDesktop(cleanup, proxyFixture);
  desktop.greeting = greeting;
  const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
  return { proxyFixture, desktop, token, port: proxyFixture.proxy.addresses.rfb! };
}

function readAll(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("error", reject);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      resolve(Buffer.concat(chunks));
    });
  });
}

describe.each(RSA_AES_TYPES)("security type %i", (type) => {
  const { encryptsSession } = describeRsaAes(type);

  it("opens a session, and shows as much of it on the wire as it says", async () => {
    const picture = Buffer.alloc(3_000_000, "pixels ");
    const { proxyFixture, desktop, token, port } = await openDesktop(picture);
    const viewer = await connectRsaAes(cleanup, port, { type, password: token });
    expect(viewer).toMatchObject({ offered: [5, 2, 129, 130, 6], name: "Machine 1" });
    viewer.stream.write(KEY_EVENT);
    await waitFor("the key", () => desktop.received.length >= 1 + KEY_EVENT.length);
    expect(desktop.received.subarray(1)).toEqual(KEY_EVENT);
    desktop.socket!.end();
    expect((await readAll(viewer.stream)).equals(picture)).toBe(true);
    viewer.stream.end();
    await awaitNoSessions(proxyFixture);
    const [record] = await proxyFixture.proxy.stores.sessions.list();
    expect(record).toMatchObject({ cause: "DESKTOP_ENDED", bytesToViewer: picture.length, bytesToServer: 8 });
    expect(viewer.wire().includes("pixels pixels")).toBe(!encryptsSession);
    expect(viewer.wire().includes("Machine 1")).toBe(!encryptsSession);
  });

  it.each(["3.7", "3.8"] as const)("refuses a wrong token in RFB %s", async (version) => {
    const { proxy } = await openProxyFixture(cleanup);
    for (const password of ["wrongone", "", "abcd2345X", "ä", "x".repeat(255)]) {
      const login = connectRsaAes(cleanup, proxy.addresses.rfb!, { type, password, version });
      await expect(login).rejects.toMatchObject({
        stage: "security-result",
        reason: version === "3.8" ? WRONG : "",
      });
    }
    const throttled = await connectRfb(cleanup, proxy.addresses.rfb!);
    await expect(throttled.handshake({ password: "wrongone" })).rejects.toThrow("Try again in");
  });

  it("ends when the viewer leaves without a word", async () => {
    const { proxyFixture, token, port } = await openDesktop();
    const viewer = await connectRsaAes(cleanup, port, { type, password: token });
    viewer.stream.destroy();
    await awaitNoSessions(proxyFixture);
  });

  it("counts what goes over the token's length as wrong, even behind a right token", async () => {
    const { token, port } = await openDesktop();
    const login = connectRsaAes(cleanup, port, { type, password: `${token}x` });
    await expect(login).rejects.toMatchObject({ reason: WRONG });
  });
});

describe("the key", () => {
  /** What a viewer sees of it before it answers. */
  async function lookAtKey({ proxy }: ProxyFixture): Promise<string> {
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    await viewer.reader.read(12);
    viewer.write(encodeProtocolVersion("3.8"));
    await viewer.reader.read(6);
    viewer.write([5]);
    const parsed = parseAll(rsaPublicKey(), await viewer.reader.read(4 + 512));
    if ("missing" in parsed) throw new Error("bytes are missing");
    expect(parsed.value.bytes).toBe(256);
    return formatKeyFingerprint(parsed.value);
  }

  it("is the same for all servers of a service, and its fingerprint is told", async () => {
    const dataDir = await cleanup.makeFolder();
    const options = { database: `sqlite:${dataDir}/shared.db`, masterKey: Buffer.alloc(32, 7) };
    const stores = await openStores(options, systemClock);
    cleanup.add({ stop: () => stores.close() });
    const one = await openProxyFixture(cleanup, { stores });
    const other = await openProxyFixture(cleanup, { stores });
    const seen = await lookAtKey(one);
    expect(await lookAtKey(other)).toBe(seen);
    expect(one.proxy.viewerFingerprint).toBe(seen);
    expect((await lookAtKey(await openProxyFixture(cleanup, { ownKey: true }))) === seen).toBe(false);
  });

  it("stays out of log and audit, and so does the token", async () => {
    const { proxyFixture, token, port } = await openDesktop();
    await connectRsaAes(cleanup, port, { type: 129, password: token });
    expect(proxyFixture.log()).not.toContain(token);
    expect(JSON.stringify(await proxyFixture.audit())).not.toContain(token);
    expect(proxyFixture.log()).not.toContain("PRIVATE KEY");
  });
});

describe("a viewer that dawdles", () => {
  it("has a minute to look at the key", async () => {
    const clock = new ManualClock();
    const { proxy } = await openProxyFixture(cleanup, { clock });
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    await viewer.reader.read(12);
    viewer.write(encodeProtocolVersion("3.8"));
    await viewer.reader.read(6);
    viewer.write([129]);
    await viewer.reader.read(4 + 512);
    clock.advance(59_999);
    expect(viewer.reader.hasEnded).toBe(false);
    clock.advance(1);
    await viewer.reader.readToEnd();
  });

  it("and sends nothing that is a key is cut at once", async () => {
    const { proxy } = await openProxyFixture(cleanup);
    for (const bits of [0, 1_023, 8_193, 0x80000000, 0xffffffff]) {
      const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
      await viewer.reader.read(12);
      viewer.write(encodeProtocolVersion("3.8"));
      await viewer.reader.read(6);
      viewer.write([5, bits >>> 24, (bits >> 16) & 0xff, (bits >> 8) & 0xff, bits & 0xff]);
      await viewer.reader.readToEnd();
    }
  });
});

it("a viewer that does not read stops the desktop, not the server", async () => {
  const { proxyFixture, desktop, token, port } = await openDesktop();
  const viewer = await connectRsaAes(cleanup, port, { type: 129, password: token });
  const socket = desktop.socket!;
  const total = 64 * 1024 * 1024;
  socket.write(Buffer.alloc(total, 1));
  let [moved, looks] = [0, 0];
  await waitFor("the desktop to be stopped", () => {
    const { bytesToViewer } = proxyFixture.proxy.openSessions()[0]!;
    looks = bytesToViewer === moved && moved > 0 ? looks + 1 : 0;
    moved = bytesToViewer;
    return looks === 20;
  });
  expect(moved).toBeLessThan(total / 2);
  let read = 0;
  viewer.stream.on("data", (chunk: Buffer) => (read += chunk.length));
  await waitFor("all that was written", () => read === total);
});
