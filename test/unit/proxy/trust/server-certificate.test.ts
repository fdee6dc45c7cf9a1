import { X509Certificate, createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clock, ConfigError, systemClock } from "../../../../protocol/index.ts";
import type { ServerCertificate } from "../../../../proxy/trust/server-certificate.ts";
import { createServiceInMemory } from "./service-in-memory.ts";
import { openServerCertificate } from "../../../support/open-server-certificate.ts";

const run = promisify(execFile);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const clockAt = (now: number): Clock => ({ ...systemClock, now: () => now });

function splitChain(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----\n/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

describe("openTrust", () => {
  const now = Date.UTC(2026, 4, 1, 12);
  let trust: ServerCertificate;
  beforeEach(async () => {
    const stores = { service: createServiceInMemory() };
    trust = await openServerCertificate({
      stores,
      hosts: ["Desk.Example.org.", "192.0.2.7", "[2001:DB8::7]", "0.0.0.0", "::", "bücher.example"],
      clock: clockAt(now),
    });
  });

  test("sends the leaf, then the CA, whose public key is the fingerprint", () => {
    const [leaf, authority, ...rest] = splitChain(trust.cert);
    expect(rest).toEqual([]);
    expect(authority!.raw).toEqual(new X509Certificate(trust.caCertificate).raw);
    expect(leaf!.ca).toBe(false);
    expect(authority!.ca).toBe(true);
    const spki = authority!.publicKey.export({ type: "spki", format: "der" });
    expect(trust.fingerprint).toBe(createHash("sha256").update(spki).digest("hex"));
    expect(trust.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(leaf!.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(authority!.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  test("names the given hosts and the local ones, and nothing of the machine", () => {
    const [leaf, authority] = splitChain(trust.cert);
    expect(leaf!.subjectAltName!.split(", ")).toEqual([
      "DNS:desk.example.org",
      "IP Address:192.0.2.7",
      "IP Address:2001:DB8:0:0:0:0:0:7",
      "DNS:xn--bcher-kva.example",
      "DNS:localhost",
      "IP Address:127.0.0.1",
      "IP Address:0:0:0:0:0:0:0:1",
    ]);
    expect(leaf!.subject).toBe("CN=Postern server");
    expect(leaf!.issuer).toBe("CN=Postern service CA");
    expect(authority!.subject).toBe("CN=Postern service CA");
    expect(leaf!.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  test("is valid from an hour ago, for less than the 398 days that browsers allow", () => {
    const [leaf, authority] = splitChain(trust.cert);
    expect(Date.parse(leaf!.validFrom)).toBe(now - HOUR_MS);
    expect(Date.parse(leaf!.validTo)).toBe(now - HOUR_MS + 397 * DAY_MS);
    expect(Date.parse(authority!.validTo)).toBe(now + 20 * 365 * DAY_MS);
  });

  test.each(["", "a b", "-x.example", "x..y", "host:443", "1.2.3.4.5/8", "x".repeat(64)])(
    "refuses the host %j",
    async (host) => {
      const opened = openServerCertificate({
        stores: { service: createServiceInMemory() },
        hosts: [host],
        clock: systemClock,
      });
      await expect(opened).rejects.toMatchObject({ code: "HOST_INVALID" });
      await expect(opened).rejects.toBeInstanceOf(ConfigError);
    },
  );
});

describe("the service CA over time", () => {
  test("stays; the leaf is issued anew at each start", async () => {
    const stores = { service: createServiceInMemory() };
    const first = await openServerCertificate({ stores, hosts: ["a.example"], clock: systemClock });
    const second = await openServerCertificate({ stores, hosts: ["b.example"], clock: systemClock });
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(second.caCertificate).toBe(first.caCertificate);
    expect(second.key).not.toBe(first.key);
    expect(second.cert).not.toBe(first.cert);
  });

  test("is refused when it has expired", async () => {
    const stores = { service: createServiceInMemory() };
    await openServerCertificate({ stores, hosts: [], clock: clockAt(Date.UTC(2026, 0)) });
    const late = openServerCertificate({ stores, hosts: [], clock: clockAt(Date.UTC(2047, 0)) });
    await expect(late).rejects.toMatchObject({ code: "AUTHORITY_EXPIRED" });
  });

  test("is written with four-digit years from 2050 on", async () => {
    const stores = { service: createServiceInMemory() };
    const trust = await openServerCertificate({ stores, hosts: [], clock: clockAt(Date.UTC(2040, 0)) });
    const authority = new X509Certificate(trust.caCertificate);
    expect(new Date(authority.validTo).getUTCFullYear()).toBe(2059);
  });

  test("is refused when it is damaged, or its key is another's", async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(async () => {
        const service = createServiceInMemory();
        await openServerCertificate({ stores: { service }, hosts: [], clock: systemClock });
        return JSON.parse((await service.get("service-ca"))!) as { key: string; certificate: string };
      }),
    );
    const mixed = JSON.stringify({ key: one!.key, certificate: other!.certificate });
    for (const value of ["", "{}", '{"key":"x","certificate":"y"}', mixed]) {
      const service = createServiceInMemory();
      await service.getOrCreate("service-ca", () => value);
      const opened = openServerCertificate({ stores: { service }, hosts: [], clock: systemClock });
      await expect(opened).rejects.toMatchObject({ code: "AUTHORITY_BROKEN" });
    }
  });
});

describe("OpenSSL", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "postern-trust-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test("verifies the chain strictly, for a name and for an address", async () => {
    const stores = { service: createServiceInMemory() };
    const trust = await openServerCertificate({
      stores,
      hosts: ["desk.example.org", "2001:db8::7"],
      clock: systemClock,
    });
    const ca = path.join(folder, "ca.pem");
    const leaf = path.join(folder, "leaf.pem");
    await writeFile(ca, trust.caCertificate);
    await writeFile(leaf, trust.cert);
    const verify = async (...name: string[]) => {
      const strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca];
      return (await run("openssl", [...strict, ...name, leaf])).stdout;
    };
    expect(await verify("-verify_hostname", "desk.example.org")).toContain("OK");
    expect(await verify("-verify_ip", "2001:db8::7")).toContain("OK");
    expect(await verify("-verify_ip", "127.0.0.1")).toContain("OK");
    await expect(verify("-verify_hostname", "other.example.org")).rejects.toThrow(/hostname mismatch/i);
  });
});
