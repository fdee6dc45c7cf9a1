import type { AddressInfo } from "node:net";
import { once } from "node:events";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../../protocol/index.ts";
import type { ServerCertificate } from "../../../../proxy/trust/server-certificate.ts";
import { createServiceInMemory } from "./service-in-memory.ts";
import { openServerCertificate } from "../../../support/open-server-certificate.ts";

describe("a TLS handshake with the service's certificate", () => {
  const servers: tls.Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, "close");
    }
  });

  const open = () =>
    openServerCertificate({ stores: { service: createServiceInMemory() }, hosts: [], clock: systemClock });

  async function listen(trust: ServerCertificate): Promise<number> {
    const server = tls.createServer({ key: trust.key, cert: trust.cert }, (socket) => {
      socket.on("error", () => undefined);
      socket.end("hello");
    });
    server.on("tlsClientError", () => undefined);
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  test.each([
    ["127.0.0.1", "TLSv1.3"],
    ["localhost", "TLSv1.2"],
  ] as const)("succeeds for %s over %s with the CA alone", async (host, version) => {
    const trust = await open();
    const port = await listen(trust);
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      ca: trust.caCertificate,
      ...(host === "localhost" ? { servername: host } : {}),
      minVersion: version,
      maxVersion: version,
    });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getPeerCertificate(true).issuerCertificate.subject.CN).toBe("Postern service CA");
    socket.resume();
    await once(socket, "close");
  });

  test("fails with another service's CA, though it has the same name", async () => {
    const [trust, other] = await Promise.all([open(), open()]);
    const port = await listen(trust);
    const socket = tls.connect({ host: "127.0.0.1", port, ca: other.caCertificate });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toMatch(/self-signed|unable to|signature/i);
    expect(trust.fingerprint).not.toBe(other.fingerprint);
  });
});
