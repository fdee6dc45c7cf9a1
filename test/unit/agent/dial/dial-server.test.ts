import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { dialServer, type DialOptions } from "../../../../agent/dial/dial-server.ts";
import { normalizeTrust } from "../../../../agent/dial/server-trust.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { findFreePort } from "../../../support/free-port.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { AgentFixture } from "../support/agent-fixture.ts";
import { fingerprintOfCa, makeCa, makeLeaf, type IssuedTestCertificate } from "../support/certificates.ts";
import type { FakeProxyServer } from "../support/fake-proxy-server.ts";

const fixture = new AgentFixture();
const otherCa = makeCa("another CA");
afterEach(() => fixture.close());

const PINNED = { kind: "fingerprint", sha256: fixture.fingerprint } as const;

function dial(port: number, options: Partial<DialOptions> = {}): ReturnType<typeof dialServer> {
  return dialServer(
    { host: "127.0.0.1", port },
    {
      trust: PINNED,
      deadlineMs: 5000,
      clock: systemClock,
      signal: new AbortController().signal,
      ...options,
    },
  );
}

/** The code of the refusal, once it is certain that the server has received nothing. */
async function refusalOf(proxy: FakeProxyServer, options: Partial<DialOptions> = {}): Promise<string> {
  const error: unknown = await dial(proxy.port, options).then(
    ({ socket }) => {
      socket.destroy();
      return { code: "accepted" };
    },
    (cause: unknown) => cause,
  );
  await waitFor("the end of the connection", () => proxy.gone === 1);
  expect(proxy.bytesReceived).toBe(0);
  return (error as { code: string }).code;
}

function present(leaf: IssuedTestCertificate, ...chain: IssuedTestCertificate[]): Promise<FakeProxyServer> {
  return fixture.startProxy({ leaf, chain });
}

describe("trust by fingerprint", () => {
  test("a leaf under the pinned CA is taken, whatever its name", async () => {
    const proxy = await fixture.startProxy();
    const { socket, service } = await dial(proxy.port);
    expect(service).toBe(fixture.fingerprint);
    expect(socket.alpnProtocol).toBe("mip/2");
    socket.destroy();
  });

  test("a chain of another CA is refused before a byte of ours is sent", async () => {
    expect(await refusalOf(await present(makeLeaf(otherCa), otherCa))).toBe("TRUST_FINGERPRINT_MISMATCH");
  });

  test("a chain without the CA is refused", async () => {
    expect(await refusalOf(await present(fixture.leaf))).toBe("TRUST_FINGERPRINT_MISMATCH");
  });

  test("the pinned CA beside a leaf that it did not sign is refused", async () => {
    expect(await refusalOf(await present(makeLeaf(otherCa), fixture.ca))).toMatch(/^TRUST_/);
    const namesake = makeCa("service CA");
    expect(await refusalOf(await present(makeLeaf(namesake), fixture.ca))).toMatch(/^TRUST_/);
    expect(await refusalOf(await present(makeLeaf(namesake), namesake, fixture.ca))).toMatch(/^TRUST_/);
  });

  test("an expired leaf and one of tomorrow are refused", async () => {
    const day = 86_400_000;
    const expired = makeLeaf(fixture.ca, { notAfter: new Date(Date.now() - 60_000) });
    const early = makeLeaf(fixture.ca, { notBefore: new Date(Date.now() + day) });
    expect(await refusalOf(await present(expired, fixture.ca))).toBe("TRUST_EXPIRED");
    expect(await refusalOf(await present(early, fixture.ca))).toBe("TRUST_EXPIRED");
  });

  test("an expired CA is refused, by the injected clock", async () => {
    const clock = new ManualClock(Date.now() + 10 * 365 * 86_400_000);
    expect(await refusalOf(await fixture.startProxy(), { clock })).toBe("TRUST_EXPIRED");
  });

  test("a signer that is no CA, and a certificate for clients, are refused", async () => {
    const noCa = makeCa("no CA", false);
    const trust = { kind: "fingerprint", sha256: fingerprintOfCa(noCa) } as const;
    expect(await refusalOf(await present(makeLeaf(noCa), noCa), { trust })).toBe(
      "TRUST_FINGERPRINT_MISMATCH",
    );
    const client = makeLeaf(fixture.ca, { extKeyUsage: { clientAuth: true } });
    expect(await refusalOf(await present(client, fixture.ca))).toBe("TRUST_NOT_A_SERVER");
  });
});

describe("trust by a CA file", () => {
  const trust = { kind: "ca", pem: fixture.ca.pem } as const;

  test("a leaf of the CA for the dialed address is taken", async () => {
    const proxy = await fixture.startProxy({ chain: [] });
    const { socket, service } = await dial(proxy.port, { trust });
    expect(service).toBe(fixture.fingerprint);
    socket.destroy();
  });

  test("another CA and an expired leaf are refused", async () => {
    expect(await refusalOf(await present(makeLeaf(otherCa), otherCa), { trust })).toBe("TRUST_NOT_SIGNED");
    const expired = makeLeaf(fixture.ca, { notAfter: new Date(Date.now() - 60_000) });
    expect(await refusalOf(await present(expired, fixture.ca), { trust })).toBe("TRUST_EXPIRED");
  });

  test("what would mean no trust at all is refused", () => {
    for (const pem of ["", "nonsense", fixture.leaf.pem])
      expect(() => normalizeTrust({ kind: "ca", pem })).toThrow("The CA file holds no CA certificate");
    for (const sha256 of ["", "ab", fixture.fingerprint.slice(1)])
      expect(() => normalizeTrust({ kind: "fingerprint", sha256 })).toThrow("64 hex digits");
    const colons = fixture.fingerprint.toUpperCase().replace(/..(?!$)/g, "$&:");
    expect(normalizeTrust({ kind: "fingerprint", sha256: colons })).toEqual(PINNED);
  });
});

describe("errors that people can act on", () => {
  test("nothing listens", async () => {
    await expect(dial(await findFreePort())).rejects.toMatchObject({
      code: "DIAL_REFUSED",
      safeMessage: expect.stringContaining("Is the server running") as string,
    });
  });

  test("a TLS server that knows no agents", async () => {
    const proxy = await fixture.startProxy({ alpn: ["http/1.1"] });
    await expect(dial(proxy.port)).rejects.toMatchObject({ code: "DIAL_NO_ALPN" });
  });

  test("a server without TLS, one that hangs up, and one that says nothing", async () => {
    const server = net.createServer();
    const answers: ((socket: net.Socket) => void)[] = [
      (socket) => socket.write("RFB 003.008\n"),
      (socket) => socket.destroy(),
      () => undefined,
    ];
    const sockets: net.Socket[] = [];
    server.on("connection", (socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      answers.shift()?.(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    fixture.cleanup.add({
      stop: async () => {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, "close");
      },
    });
    const { port } = server.address() as net.AddressInfo;
    await expect(dial(port)).rejects.toMatchObject({ code: "DIAL_NO_TLS" });
    await expect(dial(port)).rejects.toMatchObject({ code: expect.stringMatching(/^DIAL_/) as string });
    const clock = new ManualClock();
    const silent = dial(port, { clock });
    await waitFor("the third connection", () => sockets.length === 3);
    clock.advance(5000);
    await expect(silent).rejects.toMatchObject({ code: "DIAL_TLS_SILENT" });
    expect(clock.pending).toBe(0);
  });

  test("given up: at once, or while dialing", async () => {
    const proxy = await fixture.startProxy();
    await expect(dial(proxy.port, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const controller = new AbortController();
    const dialing = dial(proxy.port, { signal: controller.signal });
    controller.abort();
    await expect(dialing).rejects.toMatchObject({ code: "ABORTED" });
  });
});
