import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { Endpoint, PublishedDesktop, VncServerTls } from "../../../../agent/index.ts";
import { upgradeToTls } from "../../../../agent/serve/upgrade-tls.ts";
import type { PosternError, TlsKind } from "../../../../protocol/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { makeCa, makeLeaf } from "../support/certificates.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const ca = makeCa("VNC CA");
const otherCa = makeCa("another CA");
const leaf = makeLeaf(ca);
const TRUSTED: VncServerTls = { kind: "ca", pem: ca.pem };
const sha256 = createHash("sha256").update(new X509Certificate(leaf.pem).raw).digest("hex");

/** A TLS server that greets; what clients say first is kept. */
async function startTls(options: tls.TlsOptions): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const server = tls.createServer(options, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => heard.push(chunk));
    socket.write("hello");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => sockets.add(socket));
  cleanup.add({
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
  return { port: (server.address() as AddressInfo).port, heard };
}

const certified = (key = leaf): tls.TlsOptions => ({ cert: key.pem, key: key.keyPem });

async function upgrade(
  port: number,
  kind: TlsKind,
  settings: VncServerTls | undefined,
  endpoint: Endpoint = { kind: "tcp", host: "127.0.0.1", port },
  more: Pick<PublishedDesktop, "tlsMinVersion"> = {},
): Promise<tls.TLSSocket> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  const desktop = { name: "lab-1", endpoint, ...more, ...(settings === undefined ? {} : { tls: settings }) };
  return (await upgradeToTls(socket, kind, desktop)) as tls.TLSSocket;
}

async function refusal(...args: Parameters<typeof upgrade>): Promise<PosternError> {
  return (await upgrade(...args).then(
    () => expect.fail("it was accepted"),
    (error: unknown) => error,
  )) as PosternError;
}

describe("a certificate", () => {
  test.each<[string, VncServerTls]>([
    ["of the CA", TRUSTED],
    ["that is pinned", { kind: "fingerprint", sha256 }],
    ["that is itself the CA file", { kind: "ca", pem: leaf.pem + ca.pem }],
  ])("%s is accepted", async (_name, settings) => {
    const { port } = await startTls(certified());
    const socket = await upgrade(port, "x509", settings);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString()).toBe("hello");
    expect(socket.getProtocol()).toBe("TLSv1.3");
  });

  test.each<[string, VncServerTls | undefined, RegExp]>([
    ["of another CA", { kind: "ca", pem: otherCa.pem }, /not to be trusted/],
    ["with another fingerprint", { kind: "fingerprint", sha256: "0".repeat(64) }, /another fingerprint/],
    ["that nothing was said about", undefined, new RegExp(`--vnc-tls-fingerprint lab-1=${sha256}`)],
    ["when the CA is none", { kind: "ca", pem: "" }, /no certificate/],
  ])("%s is refused, and nothing was said to it", async (_name, settings, words) => {
    const { port, heard } = await startTls(certified());
    const error = await refusal(port, "x509", settings);
    expect(error).toMatchObject({ code: "SERVER_CERTIFICATE" });
    expect(error.message).toMatch(words);
    expect(error.safeMessage).not.toContain(sha256);
    expect(heard).toHaveLength(0);
  });

  test("that is expired is refused", async () => {
    const old = makeLeaf(ca, { notAfter: new Date(Date.now() - 1000) });
    const { port } = await startTls(certified(old));
    expect(await refusal(port, "x509", TRUSTED)).toMatchObject({ code: "SERVER_CERTIFICATE" });
  });

  test.each<[string, Endpoint, boolean]>([
    ["the endpoint's name", { kind: "tcp", host: "localhost", port: 1 }, true],
    ["a name of this host on a Unix socket", { kind: "unix", path: "/run/vnc" }, true],
    ["no name of another host", { kind: "tcp", host: "vnc.example.org", port: 1 }, false],
    ["no address of another host", { kind: "tcp", host: "192.0.2.7", port: 1 }, false],
  ])("for 127.0.0.1 and localhost bears %s", async (_name, endpoint, accepted) => {
    const { port } = await startTls(certified());
    const outcome = await upgrade(port, "x509", TRUSTED, endpoint).then(
      () => "accepted",
      (error: unknown) => (error as PosternError).code,
    );
    expect(outcome).toBe(accepted ? "accepted" : "SERVER_CERTIFICATE");
  });

  test("of our own is shown to a server that asks for one", async () => {
    const client = makeLeaf(ca, { extKeyUsage: { clientAuth: true } });
    const options = { ...certified(), ca: ca.pem, requestCert: true, rejectUnauthorized: true };
    const { port } = await startTls(options);
    const socket = await upgrade(port, "x509", { ...TRUSTED, client: `${client.keyPem}${client.pem}` });
    expect(String((await once(socket, "data"))[0])).toBe("hello");
  });
});

describe("anonymous TLS", () => {
  test("needs no certificate", async () => {
    const { port } = await startTls({ ciphers: "aNULL:@SECLEVEL=0", maxVersion: "TLSv1.2" });
    const socket = await upgrade(port, "anonymous", undefined);
    expect(String((await once(socket, "data"))[0])).toBe("hello");
    expect(socket.getCipher().name).toMatch(/^AECDH|^ADH/);
  });

  test("with a server that knows no such thing fails as a lost connection", async () => {
    const { port } = await startTls(certified());
    expect(await refusal(port, "anonymous", undefined)).toMatchObject({ code: "PEER_CLOSED" });
  });
});

test.each<TlsKind>(["anonymous", "x509"])("no TLS at all, %s", async (kind) => {
  const server = net.createServer((socket) => socket.end("RFB 003.008\n"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await refusal(port, kind, TRUSTED)).toMatchObject({ code: "PEER_CLOSED" });
  server.close();
});

describe.each(["TLSv1", "TLSv1.1"] as const)("a VNC server that has only %s", (version) => {
  const kinds: [TlsKind, VncServerTls | undefined, tls.TlsOptions][] = [
    ["x509", TRUSTED, { ...certified(), ciphers: "DEFAULT:@SECLEVEL=0" }],
    ["anonymous", undefined, { ciphers: "aNULL:@SECLEVEL=0", dhparam: "auto" }],
  ];

  test.each(kinds)("is refused, in words that name the option: %s", async (kind, settings, options) => {
    const { port } = await startTls({ ...options, minVersion: version, maxVersion: version });
    const error = await refusal(port, kind, settings);
    expect(error).toMatchObject({ code: "SERVER_TLS_VERSION" });
    expect(error.message).toContain("--vnc-tls-min lab-1=1.0");
  });

  test.each(kinds)("is entered where that is allowed: %s", async (kind, settings, options) => {
    const { port } = await startTls({ ...options, minVersion: version, maxVersion: version });
    const socket = await upgrade(port, kind, settings, undefined, { tlsMinVersion: version });
    expect(socket.getProtocol()).toBe(version);
  });
});
