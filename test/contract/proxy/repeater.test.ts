import { once } from "node:events";
import net, { type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { encodeServerInit } from "../../../protocol/index.ts";
import { ByteReader } from "../../support/byte-reader.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, RfbClient } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { awaitNoSessions, type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const ANY = { host: "127.0.0.1", port: 0 };
const PIXELS = { bitsPerPixel: 32, depth: 24, bigEndian: false, trueColour: true } as const;
const COLOURS = { redMax: 255, greenMax: 255, blueMax: 255, redShift: 16, greenShift: 8, blueShift: 0 };
const SECRET_NAME = "CANARY user@host";

function openRepeater(options: object = {}): Promise<ProxyFixture> {
  return openProxyFixture(cleanup, { repeaterViewers: ANY, repeaterServers: ANY, ...options });
}

async function dial({ proxy }: ProxyFixture, side: "Viewers" | "Servers"): Promise<Socket> {
  const socket = net.connect({ ...proxy.addresses[`repeater${side}`]!, noDelay: true });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  return socket;
}

function request(text: string): Buffer {
  const bytes = Buffer.alloc(250);
  bytes.write(text);
  return bytes;
}

/** A viewer that has named what it wants, before the real handshake. */
async function view(proxyFixture: ProxyFixture, wanted: string): Promise<RfbClient> {
  const socket = await dial(proxyFixture, "Viewers");
  const viewer = new RfbClient(socket);
  expect((await viewer.reader.read(12)).toString()).toBe("RFB 000.000\n");
  viewer.write(request(wanted));
  return viewer;
}

/** A VNC server that dials in, and serves one viewer without a password. */
async function serve(
  proxyFixture: ProxyFixture,
  wanted: string,
): Promise<{ reader: ByteReader; socket: Socket }> {
  const socket = await dial(proxyFixture, "Servers");
  const reader = new ByteReader(socket);
  socket.write(Buffer.concat([request(wanted), Buffer.from("RFB 003.008\n")]));
  const speak = async (): Promise<void> => {
    await reader.read(12);
    socket.write(Buffer.of(1, 1));
    await reader.read(1);
    socket.write(Buffer.alloc(4));
    await reader.read(1);
    const pixelFormat = { ...PIXELS, ...COLOURS };
    socket.write(encodeServerInit({ width: 640, height: 480, pixelFormat, name: SECRET_NAME }));
  };
  speak().catch(() => undefined);
  return { reader, socket };
}

async function findDesktop({ proxy }: ProxyFixture, name: string) {
  const [desktop] = await proxy.stores.desktops.findByName(name);
  return desktop!;
}

describe("viewers of the repeater", () => {
  it("have an ID of five digits where that is wanted, as Remmina takes no longer one", async () => {
    const proxyFixture = await openRepeater();
    const { view: desktop } = await publishDesktop(cleanup, proxyFixture, "Machine 1");
    for (let count = 0; count < 20; count += 1) {
      const { number } = await proxyFixture.proxy.createViewerRepeaterId(desktop, 60, true);
      expect(number).toMatch(/^\d{5}$/);
      expect(Number(number)).toBeLessThanOrEqual(65_535);
    }
    const { number } = await proxyFixture.proxy.createViewerRepeaterId(desktop, 60, true);
    const { token } = await proxyFixture.proxy.createToken(desktop, "control", 60, "admin");
    const viewer = await view(proxyFixture, `ID:${number}`);
    expect(await viewer.handshake({ password: token })).toMatchObject({ name: "Machine 1" });
  });

  it.each([
    ["-repeaterdest:5900", "REPEATER_REQUEST"],
    ["host.example:5900", "REPEATER_REQUEST"],
  ])("whose request is %j leave a line in log and audit log", async (wanted, code) => {
    const proxyFixture = await openRepeater();
    const socket = await dial(proxyFixture, "Viewers");
    socket.resume();
    socket.write(request(wanted));
    await once(socket, "close");
    expect(proxyFixture.log()).toContain('"event":"repeater.refused"');
    const refusal = await waitFor("the audit line", async () =>
      (await proxyFixture.audit()).find(({ event }) => event.action === "session.refuse"),
    );
    expect(refusal.event.reason).toBe(code);
  });

  it("reach the desktop of their ID with a token of it, and with no other", async () => {
    const proxyFixture = await openRepeater();
    const { view: first } = await publishDesktop(cleanup, proxyFixture, "Machine 1");
    const { view: second } = await publishDesktop(cleanup, proxyFixture, "Machine 2");
    const { number } = await proxyFixture.proxy.createViewerRepeaterId(first, 60);
    const right = await proxyFixture.proxy.createToken(first, "control", 60, "admin");
    const other = await proxyFixture.proxy.createToken(second, "control", 60, "admin");
    const refused = (await view(proxyFixture, `ID:${number}`)).handshake({ password: other.token });
    await expect(refused).rejects.toThrow(/token is wrong/i);
    const viewer = await view(proxyFixture, `ID:${number}`);
    expect(await viewer.handshake({ password: right.token })).toMatchObject({ name: "Machine 1" });
  });

  it("are asked for a token by an unknown or expired ID too, and none fits", async () => {
    let shift = 0;
    const { systemClock } = await import("../../../protocol/index.ts");
    const proxyFixture = await openRepeater({ clock: { ...systemClock, now: () => Date.now() + shift } });
    const { view: desktop } = await publishDesktop(cleanup, proxyFixture);
    const { number } = await proxyFixture.proxy.createViewerRepeaterId(desktop, 60);
    const { token } = await proxyFixture.proxy.createToken(desktop, "control", 600, "admin");
    await expect((await view(proxyFixture, "ID:100000007")).handshake({ password: token })).rejects.toThrow(
      /wrong/,
    );
    shift = 60_000;
    const expired = (await view(proxyFixture, `ID:${number}`)).handshake({ password: token });
    await expect(expired).rejects.toThrow(/wrong/);
  });

  it.each(["127.0.0.1:5900", "localhost::5900", "", "ID:12"])(
    "mode I and the like: %j is closed",
    async (wanted) => {
      const proxyFixture = await openRepeater();
      const viewer = await view(proxyFixture, wanted);
      expect(await viewer.reader.readToEnd()).toHaveLength(0);
    },
  );

  it("have 5 s to say it", async () => {
    const clock = new ManualClock();
    const proxyFixture = await openRepeater({ clock });
    const reader = new ByteReader(await dial(proxyFixture, "Viewers"));
    await reader.read(12);
    clock.advance(4_999);
    await new Promise(setImmediate);
    expect(reader.hasEnded).toBe(false);
    clock.advance(1);
    await reader.readToEnd();
  });
});

describe("servers of the repeater", () => {
  it("are a desktop while they wait, for one viewer, under the administrator's name", async () => {
    const proxyFixture = await openRepeater();
    const { proxy } = proxyFixture;
    const { number } = await proxy.createServerRepeaterId("old-laptop", 60);
    expect(await findDesktop(proxyFixture, "old-laptop")).toMatchObject({
      state: "offline",
      agentName: "repeater",
    });
    await serve(proxyFixture, `ID:${number}`);
    const desktop = await waitFor("the desktop", async () => {
      const found = await findDesktop(proxyFixture, "old-laptop");
      return found.state === "online" && found;
    });
    const { token } = await proxy.createToken(desktop, "control", 60, "admin");
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    expect(await viewer.handshake({ password: token })).toMatchObject({ name: "old-laptop", width: 640 });
    expect(viewer.received().includes(SECRET_NAME)).toBe(false);
    expect(await findDesktop(proxyFixture, "old-laptop")).toMatchObject({ state: "offline" });
    const late = (await connectRfb(cleanup, proxy.addresses.rfb!)).handshake({ password: token });
    await expect(late).rejects.toThrow(/not connected/);
    viewer.end();
    await awaitNoSessions(proxyFixture);
    await serve(proxyFixture, `ID:${number}`);
    await waitFor("it again", async () => (await findDesktop(proxyFixture, "old-laptop")).state === "online");
    const again = await connectRfb(cleanup, proxy.addresses.rfb!);
    expect(await again.handshake({ password: token })).toMatchObject({ name: "old-laptop" });
  });

  it("that leave are offline; the newest of two wins", async () => {
    const proxyFixture = await openRepeater();
    const { number } = await proxyFixture.proxy.createServerRepeaterId("old-laptop", 60);
    const isOnline = async () => (await findDesktop(proxyFixture, "old-laptop")).state === "online";
    const first = await serve(proxyFixture, `ID:${number}`);
    await waitFor("the first", isOnline);
    const second = await serve(proxyFixture, `ID:${number}`);
    await first.reader.readToEnd();
    expect(await isOnline()).toBe(true);
    second.socket.destroy();
    await waitFor("its end", async () => !(await isOnline()));
  });

  it("cannot be posed as: no unknown, expired or viewer's ID, no address, and guesses are throttled", async () => {
    const proxyFixture = await openRepeater();
    const { proxy } = proxyFixture;
    const { view: desktop } = await publishDesktop(cleanup, proxyFixture);
    const forViewers = await proxy.createViewerRepeaterId(desktop, 60);
    const expired = await proxy.createServerRepeaterId("short", 0);
    const good = await proxy.createServerRepeaterId("good", 60);
    const wrong = [forViewers.number, expired.number, "100000007", "100000008", "100000009"];
    await (await serve(proxyFixture, "127.0.0.1:5900")).reader.readToEnd();
    for (const number of wrong) await (await serve(proxyFixture, `ID:${number}`)).reader.readToEnd();
    await (await serve(proxyFixture, `ID:${good.number}`)).reader.readToEnd();
    expect(proxyFixture.log()).toContain("SOURCE_THROTTLED");
    expect(await findDesktop(proxyFixture, "good")).toMatchObject({ state: "offline" });
    expect(proxyFixture.log()).not.toContain(good.number);
  });
});
