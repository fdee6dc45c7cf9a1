import type { Duplex } from "node:stream";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { startAgent } from "../../../agent/index.ts";
import {
  describeRsaAes,
  encodeServerInit,
  RSA_AES_TYPES,
  systemClock,
  type PixelFormat,
  type SecurityType,
} from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { RsaAesServer } from "../../support/rsa-aes-server.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture } from "../proxy/proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const PIXELS: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};
const KEY_EVENT = Buffer.from([4, 1, 0, 0, 0, 0, 0xff, 0xbe]);

/** An agent that publishes such a server, and a viewer of it that is about to come in. */
async function openDesktop(offered: readonly SecurityType[], vncPassword?: string) {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy } = proxyFixture;
  const entered: Duplex[] = [];
  const server = cleanup.add(await new RsaAesServer(offered, "a longer one", (s) => entered.push(s)).start());
  const { secret } = await proxy.createJoinSecret();
  const desktop = { name: "Desk", endpoint: { kind: "tcp", host: "127.0.0.1", port: server.port } } as const;
  const agent = startAgent({
    servers: [proxy.addresses.listen],
    allowServers: [],
    trust: { kind: "fingerprint", sha256: proxy.fingerprint },
    joinSecret: secret,
    dataDir: await cleanup.makeFolder(),
    name: "box",
    role: "agent",
    desktops: [vncPassword === undefined ? desktop : { ...desktop, vncPassword }],
    onRequest: () => Promise.resolve({}),
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
  cleanup.add({ stop: () => agent.close() });
  await agent.ready;
  const [view] = await proxy.stores.desktops.list();
  const { token } = await proxy.createToken(view!, "control", 60, "admin");
  const viewer = await connectRfb(cleanup, { ...proxy.addresses.rfb! });
  return { server, entered, viewer, greeting: viewer.handshake({ password: token }) };
}

describe.each(RSA_AES_TYPES)("a VNC server with security type %i alone", (type) => {
  it("is entered with its password, longer than VncAuth could carry, and seen", async () => {
    const { server, entered, viewer, greeting } = await openDesktop([type], "a longer one");
    const stream = await waitFor("the agent", () => entered[0]);
    stream.write(encodeServerInit({ width: 64, height: 48, pixelFormat: PIXELS, name: "CANARY" }));
    expect(await greeting).toMatchObject({ width: 64, height: 48, name: "Desk" });
    viewer.write(KEY_EVENT);
    const picture = Buffer.alloc(2_000_000, "pixels");
    stream.end(picture);
    expect((await viewer.reader.readToEnd()).equals(picture)).toBe(true);
    await waitFor("the key", () => Buffer.concat(server.heard).length > 0 && stream.readableLength >= 28);
    const wire = Buffer.concat(server.heard);
    expect(wire.includes(KEY_EVENT)).toBe(!describeRsaAes(type).encryptsSession);
    expect(wire.includes("a longer one")).toBe(false);
    viewer.end();
  });

  it("refuses a wrong password: the viewer is told to ask the owner", async () => {
    const { greeting } = await openDesktop([type], "wrong");
    await expect(greeting).rejects.toThrow("The host cannot open this desktop");
  });
});

describe("of several types", () => {
  it("the strongest is chosen", async () => {
    const { server, entered, greeting } = await openDesktop([6, 130, 5, 129], "a longer one");
    await waitFor("the agent", () => entered[0]);
    expect(server.chosen).toEqual([129]);
    await server.stop();
    await expect(greeting).rejects.toThrow();
  });
});

it("without a password nothing is said to the server", async () => {
  const { server, greeting } = await openDesktop([5]);
  await expect(greeting).rejects.toThrow("The host cannot open this desktop");
  expect(Buffer.concat(server.heard).toString().replace("\x05", "")).toBe("RFB 003.008\n");
});
