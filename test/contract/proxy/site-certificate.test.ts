import { once } from "node:events";
import { rm } from "node:fs/promises";
import net from "node:net";
import tls, { type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { TestCertificate } from "../../support/certificate-files.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { RfbClient } from "../../support/rfb-client.ts";
import { connectByVeNCrypt, X509_VNC } from "../../support/vencrypt-viewer.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { ScriptedDesktop } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const LOOK_MS = PROXY_LIMITS.certificateLookMs;

async function dialTls({ proxy }: ProxyFixture, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = tls.connect({ ...proxy.addresses.listen, servername: "localhost", ...options });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "secureConnect");
  return socket;
}

/** Who issued what this client is shown; of a site's own certificate, its name. */
async function askIssuer(proxyFixture: ProxyFixture, options: ConnectionOptions = {}): Promise<string> {
  const socket = await dialTls(proxyFixture, { rejectUnauthorized: false, ...options });
  const issuer = socket.getPeerX509Certificate()!.issuer.replace("CN=", "");
  socket.destroy();
  return issuer;
}

interface Site {
  readonly proxyFixture: ProxyFixture;
  /** Lets the server look at the files once. */
  look(): Promise<void>;
}

/** The looks at the files come when the test says so; all other time is real, moved by `shiftMs`. */
async function openSite(files: { cert: string; key: string }, shiftMs = 0): Promise<Site> {
  let next: (() => void) | undefined;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + shiftMs,
    after: (ms, run) => {
      if (ms !== LOOK_MS) return systemClock.after(ms, run);
      next = run;
      return () => undefined;
    },
  };
  const proxyFixture = await openProxyFixture(cleanup, { clock, siteCertificate: files });
  const look = async (): Promise<void> => {
    const run = next!;
    next = undefined;
    run();
    await waitFor("the end of the look", () => next !== undefined);
  };
  return { proxyFixture, look };
}

describe("a site's certificate", () => {
  it("is shown to browsers and viewers; agents get the service's own, however the ClientHello comes", async () => {
    const { proxyFixture } = await openSite(await TestCertificate.make(cleanup, "desk.example"));
    const authority = await askIssuer(proxyFixture, { ALPNProtocols: ["mip/2"] });
    expect(authority).toMatch(/postern/i);
    expect(await askIssuer(proxyFixture, { ALPNProtocols: ["mip/1", "mip/2"] })).toBe(authority);
    expect(await askIssuer(proxyFixture, { ALPNProtocols: ["http/1.1", "mip/2"] })).toBe(authority);
    expect(await askIssuer(proxyFixture, { ALPNProtocols: ["mip/2"], maxVersion: "TLSv1.2" })).toBe(
      authority,
    );
    expect(await askIssuer(proxyFixture, { ALPNProtocols: ["h2", "http/1.1"] })).toBe("desk.example");
    expect(await askIssuer(proxyFixture)).toBe("desk.example");
    expect(await askIssuer(proxyFixture, { maxVersion: "TLSv1.2" })).toBe("desk.example");
    // Byte by byte through a relay of our own.
    const relay = net.createServer((near) => {
      const far = net.connect({ ...proxyFixture.proxy.addresses.listen, noDelay: true });
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      far.pipe(near);
      near.on("data", (chunk: Buffer) => {
        for (const byte of chunk) far.write(Buffer.of(byte));
      });
      near.on("close", () => far.destroy());
    });
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    const { port } = relay.address() as net.AddressInfo;
    const dribbled = { port, ALPNProtocols: ["mip/2"] };
    expect(await askIssuer(proxyFixture, dribbled)).toBe(authority);
    expect(await askIssuer(proxyFixture, { port })).toBe("desk.example");
    relay.close();
  });

  it("replaced under 100 sessions drops none; bad ones are refused and the old one stays", async () => {
    const files = await TestCertificate.make(cleanup, "localhost");
    const { proxyFixture, look } = await openSite(files);
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    const desktops: ScriptedDesktop[] = [];
    agent.onSetup = ({ ticket }) => {
      const desktop = new ScriptedDesktop();
      desktops.push(desktop);
      void agent.openDataConnection(proxyFixture.proxy, ticket, desktop);
    };
    const { token } = await proxyFixture.proxy.createToken(view, "control", 600, "admin");
    const first = await files.read();
    const viewers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        if (index % 2 === 0) {
          const socket = net.connect({ ...proxyFixture.proxy.addresses.listen, noDelay: true });
          const login = { subType: X509_VNC, ca: first.cert, password: token };
          return (await connectByVeNCrypt(socket, login)).tls;
        }
        const socket = await dialTls(proxyFixture, { ca: first.cert });
        await new RfbClient(socket).handshake({ password: token });
        return socket;
      }),
    );
    let dropped = 0;
    for (const viewer of viewers) viewer.on("close", () => (dropped += 1));
    expect(proxyFixture.proxy.openSessions()).toHaveLength(100);

    const second = await (await TestCertificate.make(cleanup, "second.example")).read();
    await files.write(second);
    await look();
    expect(await askIssuer(proxyFixture)).toBe("second.example");

    const bad = [
      { cert: "", key: second.key },
      { cert: second.cert, key: "" },
      { cert: first.cert, key: second.key },
      { cert: second.cert.slice(0, 200), key: second.key },
      { cert: second.cert, key: second.key.slice(0, 100) },
      { cert: "junk", key: "junk" },
    ];
    for (const [index, texts] of bad.entries()) {
      await files.write(texts);
      await look();
      await look();
      expect(await askIssuer(proxyFixture), `bad one ${index}`).toBe("second.example");
      const refused = proxyFixture.log().match(/"event":"certificate.refused"/g) ?? [];
      expect(refused, `bad one ${index} is told once`).toHaveLength(index + 1);
    }
    await rm(files.cert);
    await look();
    expect(await askIssuer(proxyFixture)).toBe("second.example");
    await files.write(second);
    await look();
    const login = { subType: X509_VNC, ca: second.cert, servername: "second.example", password: token };
    const late = net.connect({ ...proxyFixture.proxy.addresses.listen, noDelay: true });
    const newcomer = await connectByVeNCrypt(late, login);
    expect(newcomer.name).toBe("Machine 1");
    newcomer.tls.destroy();

    for (const viewer of viewers) viewer.write(Buffer.of(4, 1, 0, 0, 0, 0, 0xff, 0xbe));
    // VeNCrypt's 50 said nothing else after ClientInit; the others have set their pixel format.
    await waitFor("a key through every session", () => {
      const keys = desktops.filter(({ received }) => received.subarray(-8)[0] === 4);
      return keys.length === 100;
    });
    expect(dropped).toBe(0);
    expect(proxyFixture.log()).not.toContain("PRIVATE");
    for (const viewer of viewers) viewer.destroy();
  });

  it("resumes TLS sessions across a change", async () => {
    const files = await TestCertificate.make(cleanup, "first.example");
    const { proxyFixture, look } = await openSite(files);
    const options = {
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      maxVersion: "TLSv1.2",
    } as const;
    const before = await dialTls(proxyFixture, options);
    const session = before.getSession()!;
    before.destroy();
    await files.write(await (await TestCertificate.make(cleanup, "second.example")).read());
    await look();
    const after = await dialTls(proxyFixture, { ...options, session });
    expect(after.isSessionReused()).toBe(true);
  });

  it("that is bad is refused at the start, with the reason", async () => {
    const good = await TestCertificate.make(cleanup);
    const other = await TestCertificate.make(cleanup);
    const cases: [{ cert: string; key: string }, RegExp, number?][] = [
      [{ cert: "/nowhere/cert.pem", key: good.key }, /no such file/],
      [{ cert: good.cert, key: other.key }, /key is not the certificate's/],
      [{ cert: good.key, key: good.key }, /cannot be used/],
      [good, /expired on/, 40 * 86_400_000],
    ];
    for (const [files, reason, shiftMs] of cases) {
      await expect(openSite(files, shiftMs)).rejects.toMatchObject({
        code: "CERTIFICATE_FILES",
        message: expect.stringMatching(reason),
      });
    }
  });
});
