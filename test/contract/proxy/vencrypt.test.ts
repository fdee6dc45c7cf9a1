import { once } from "node:events";
import net, { type Socket } from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { ByteReader } from "../../support/byte-reader.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import {
  encodePlain,
  connectByVeNCrypt,
  X509_NONE,
  X509_PLAIN,
  X509_VNC,
} from "../../support/vencrypt-viewer.ts";
import { waitFor } from "../../support/wait-for.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { awaitNoSessions, type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const WRONG: unknown = expect.stringMatching(/token is wrong/i);

async function dial({ proxy }: ProxyFixture): Promise<Socket> {
  const socket = net.connect({ ...proxy.addresses.listen, noDelay: true });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  return socket;
}

async function openWithToken(): Promise<{
  proxyFixture: ProxyFixture;
  ca: string;
  token: string;
  received: () => Buffer;
}> {
  const proxyFixture = await openProxyFixture(cleanup);
  const { view, desktop } = await publishDesktop(cleanup, proxyFixture);
  const { token } = await proxyFixture.proxy.createToken(view, "control", 60, "admin");
  return { proxyFixture, ca: proxyFixture.proxy.caCertificate, token, received: () => desktop.received };
}

/** Goes by VeNCrypt up to where TLS begins. @param clock the server's, if it has to be told to go on */
async function waitBeforeTls(
  proxyFixture: ProxyFixture,
  subType: number,
  clock?: ManualClock,
): Promise<Socket> {
  const before = clock?.pending ?? 0;
  const socket = await dial(proxyFixture);
  if (clock) {
    await waitFor("the connection", () => clock.pending > before);
    clock.advance(PROXY_LIMITS.viewerSilenceMs);
  }
  const reader = new ByteReader(socket);
  await reader.read(12);
  socket.write("RFB 003.008\n");
  await reader.read((await reader.read(1))[0]!);
  socket.write(Buffer.of(19));
  await reader.read(2);
  socket.write(Buffer.of(0, 2));
  await reader.read(2 + 8);
  socket.write(Buffer.of(0, 0, 1, subType - 256));
  expect(await reader.read(1)).toEqual(Buffer.of(1));
  socket.removeAllListeners("data");
  return socket;
}

describe("VeNCrypt", () => {
  it("X509Vnc on the one port: a whole session inside TLS", async () => {
    const { proxyFixture, ca, token, received } = await openWithToken();
    const viewer = await connectByVeNCrypt(await dial(proxyFixture), {
      subType: X509_VNC,
      ca,
      password: token,
    });
    expect(viewer).toMatchObject({
      types: [5, 2, 19, 129, 130, 6],
      subTypes: [X509_VNC, X509_PLAIN],
      name: "Machine 1",
    });
    viewer.tls.write(Buffer.of(4, 1, 0, 0, 0, 0, 0xff, 0xbe));
    await waitFor("the key", () => received().length === 9);
    expect(proxyFixture.proxy.openSessions()).toMatchObject([{ method: "token", transport: "rfb" }]);
    viewer.tls.end();
    await awaitNoSessions(proxyFixture);
    const [record] = await proxyFixture.proxy.stores.sessions.list();
    expect(record).toMatchObject({ cause: "VIEWER_LEFT" });
  });

  it("sends no session ticket behind the handshake: TigerVNC 1.12 never reads a challenge that comes with one", async () => {
    const { proxyFixture, ca, token } = await openWithToken();
    const viewer = await connectByVeNCrypt(await dial(proxyFixture), {
      subType: X509_VNC,
      ca,
      password: token,
    });
    expect(viewer.tls.getProtocol()).toBe("TLSv1.2");
  });

  it.each(["", "Machine 1", "agent-1/Machine 1", "anna", "a\0b", "x".repeat(1024)])(
    "X509Plain, user name %j: the token opens its desktop",
    async (user) => {
      const { proxyFixture, ca, token } = await openWithToken();
      const login = { subType: X509_PLAIN, ca, user, password: token };
      expect(await connectByVeNCrypt(await dial(proxyFixture), login)).toMatchObject({ name: "Machine 1" });
    },
  );

  it("X509Plain with a desktop's name takes no other desktop's token, and tells equal tokens apart", async () => {
    const { proxyFixture, ca, token } = await openWithToken();
    const { view } = await publishDesktop(cleanup, proxyFixture, "Machine 2");
    const ask = async (user: string): Promise<string> => {
      const login = { subType: X509_PLAIN, ca, user, password: token };
      return (await connectByVeNCrypt(await dial(proxyFixture), login)).name;
    };
    await expect(ask("Machine 2")).rejects.toMatchObject({ stage: "security-result", reason: WRONG });
    const copy = { token, role: "view", createdBy: "admin", expiresAt: Date.now() + 60_000 } as const;
    await proxyFixture.proxy.stores.tokens.create({ desktopId: view.id, ...copy });
    expect(await ask("Machine 2")).toBe("Machine 2");
    expect(await ask("Machine 1")).toBe("Machine 1");
    await expect(ask("")).rejects.toMatchObject({ reason: expect.stringMatching(/more than one/) });
  });

  it.each(["", "wrong-on", "wrong-one-that-is-longer", "\0\0\0\0\0\0\0\0"])(
    "X509Plain with the password %j is a wrong guess",
    async (password) => {
      const { proxyFixture, ca } = await openWithToken();
      const entering = connectByVeNCrypt(await dial(proxyFixture), { subType: X509_PLAIN, ca, password });
      await expect(entering).rejects.toMatchObject({ reason: WRONG });
    },
  );

  it("a token with anything after it, or with its top bits set, is another one", async () => {
    const { proxyFixture, ca, token } = await openWithToken();
    const high = String.fromCharCode(...[...token].map((letter) => letter.charCodeAt(0) | 0x80));
    for (const password of [`${token}x`, `${token}\0`, high]) {
      const entering = connectByVeNCrypt(await dial(proxyFixture), { subType: X509_PLAIN, ca, password });
      await expect(entering).rejects.toMatchObject({ reason: WRONG });
    }
  });

  it("wrong tokens are throttled here too, before any TLS", async () => {
    const { proxyFixture, ca } = await openWithToken();
    const guess = async () =>
      connectByVeNCrypt(await dial(proxyFixture), { subType: X509_VNC, ca, password: "nope2345" });
    for (let count = 0; count < 5; count += 1) await expect(guess()).rejects.toMatchObject({ reason: WRONG });
    await expect(guess()).rejects.toMatchObject({
      stage: "security-types",
      reason: expect.stringMatching(/Try again in/),
    });
  });

  it("RFB 3.7 hears no reason", async () => {
    const { proxyFixture, ca } = await openWithToken();
    const login = { subType: X509_VNC, version: "3.7", ca, password: "nope2345" } as const;
    await expect(connectByVeNCrypt(await dial(proxyFixture), login)).rejects.toMatchObject({ reason: "" });
  });

  it.each([0, 1, 2, 19, 255, 256, 257, 258, 259, X509_NONE, 263, 0xffff_ffff])(
    "sub-type %i is refused",
    async (subType) => {
      const { proxyFixture, ca } = await openWithToken();
      const socket = await dial(proxyFixture);
      await expect(connectByVeNCrypt(socket, { subType, ca })).rejects.toMatchObject({ byte: 0 });
      if (!socket.destroyed) await once(socket, "close");
    },
  );

  it.each([
    [0, 1],
    [0, 0],
    [0, 3],
    [1, 0],
    [255, 255],
  ] as const)("version %i.%i is refused", async (...version) => {
    const { proxyFixture, ca } = await openWithToken();
    const entering = connectByVeNCrypt(await dial(proxyFixture), {
      subType: X509_VNC,
      ca,
      veNCryptVersion: version,
    });
    await expect(entering).rejects.toMatchObject({ byte: 0xff });
  });

  it("shows a certificate of the service CA for this host, and no other", async () => {
    const { proxyFixture, ca, token } = await openWithToken();
    const login = { subType: X509_VNC, ca, password: token };
    const { tls: secure } = await connectByVeNCrypt(await dial(proxyFixture), login);
    const certificate = secure.getPeerX509Certificate();
    expect(certificate?.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(certificate?.checkHost("localhost")).toBe("localhost");
    const foreign = { ...login, servername: "desk.example" };
    await expect(connectByVeNCrypt(await dial(proxyFixture), foreign)).rejects.toThrow(/altnames/);
  });
});

describe("a viewer that cannot go on", () => {
  /** The codes of the log's and the audit log's lines about it. */
  async function readTraces(proxyFixture: ProxyFixture): Promise<{ logged: string[]; audited: string[] }> {
    await waitFor("the line", () => proxyFixture.log().includes("viewer.unable"));
    const lines = proxyFixture.log().trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as { event?: string; code: string });
    const refusals = await waitFor("the audit line", async () => {
      const found = (await proxyFixture.audit()).filter(({ event }) => event.action === "session.refuse");
      return found.length > 0 && found;
    });
    return {
      logged: events.filter(({ event }) => event === "viewer.unable").map(({ code }) => code),
      audited: refusals.map(({ event }) => event.reason ?? ""),
    };
  }

  it("because it has no CA for the certificate leaves a line in log and audit log", async () => {
    const { proxyFixture } = await openWithToken();
    const login = { subType: X509_PLAIN, ca: "", password: "nope2345" };
    const socket = await dial(proxyFixture);
    await expect(connectByVeNCrypt(socket, { ...login, servername: "localhost" })).rejects.toThrow();
    socket.destroy();
    expect(await readTraces(proxyFixture)).toEqual({
      logged: ["VIEWER_TLS_ENDED"],
      audited: ["VIEWER_TLS_ENDED"],
    });
  });

  it("because it supports nothing that is offered leaves one, too", async () => {
    const { proxyFixture } = await openWithToken();
    const socket = await dial(proxyFixture);
    const reader = new ByteReader(socket);
    await reader.read(12);
    socket.write("RFB 003.008\n");
    await reader.read((await reader.read(1))[0]!);
    socket.end();
    expect(await readTraces(proxyFixture)).toEqual({
      logged: ["VIEWER_OFFER_LEFT"],
      audited: ["VIEWER_OFFER_LEFT"],
    });
  });
});

describe("what may go wrong inside VeNCrypt", () => {
  it("junk in place of TLS closes the connection, and its place among those before authentication is free again", async () => {
    const { proxyFixture, ca, token } = await openWithToken();
    const sendJunk = async (): Promise<void> => {
      const socket = await waitBeforeTls(proxyFixture, X509_VNC);
      socket.end("this is no ClientHello");
      socket.resume();
      await once(socket, "close");
    };
    for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 100 }, sendJunk));
    const login = { subType: X509_VNC, ca, password: token };
    expect(await connectByVeNCrypt(await dial(proxyFixture), login)).toMatchObject({ name: "Machine 1" });
  });

  it.each([0, 20])("TLS that does not come to its end is cut after 5 s, %i bytes sent", async (count) => {
    const clock = new ManualClock();
    const proxyFixture = await openProxyFixture(cleanup, { clock });
    const socket = await waitBeforeTls(proxyFixture, X509_VNC, clock);
    socket.write(
      Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), Buffer.alloc(20)]).subarray(0, count),
    );
    socket.resume();
    const closed = new Promise((resolve) => socket.on("close", resolve));
    await waitFor("TLS", () => clock.pending > 0);
    clock.advance(4_999);
    await new Promise(setImmediate);
    expect(socket.readableEnded).toBe(false);
    clock.advance(1);
    await closed;
  });

  it.each([
    [1025, 0],
    [0, 1025],
    [0xffff_ffff, 0xffff_ffff],
    [0x8000_0000, 1],
  ])("lengths of %i and %i are not waited for", async (user, password) => {
    const { proxyFixture, ca } = await openWithToken();
    const raw = await waitBeforeTls(proxyFixture, X509_PLAIN);
    const socket = tls.connect({ socket: raw, ca, servername: "localhost" });
    socket.on("error", () => undefined);
    const lengths = encodePlain("", "");
    lengths.writeUInt32BE(user, 0);
    lengths.writeUInt32BE(password, 4);
    socket.write(lengths);
    await new ByteReader(socket).readToEnd(2_000);
  });

  it("a viewer that leaves, or whose server stops, during TLS leaves nothing behind", async () => {
    const { proxyFixture } = await openWithToken();
    const left = await waitBeforeTls(proxyFixture, X509_VNC);
    left.destroy();
    const waiting = await waitBeforeTls(proxyFixture, X509_VNC);
    waiting.resume();
    const closed = once(waiting, "close");
    await proxyFixture.proxy.close();
    await closed;
  });
});
