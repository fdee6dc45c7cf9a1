import { X509Certificate } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import type { ServiceStore } from "../../../../proxy/index.ts";
import type { ServerCertificate } from "../../../../proxy/trust/server-certificate.ts";
import { ServiceTrust } from "../../../../proxy/trust/service-trust.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createServiceInMemory } from "./service-in-memory.ts";

const run = promisify(execFile);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "postern-rotation-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function open(service: ServiceStore, clock = new ManualClock(), lines: string[] = []) {
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  return ServiceTrust.open({ stores: { service }, hosts: ["desk.example.org"], clock, log });
}

/** What OpenSSL says of a server's chain to somebody who trusts this CA alone, at the time of the test's clock. */
async function verify({ cert }: ServerCertificate, caPem: string, clock: ManualClock): Promise<string> {
  const [ca, leaf, chain] = ["ca.pem", "leaf.pem", "chain.pem"].map((name) => path.join(folder, name));
  await writeFile(ca!, caPem);
  await writeFile(leaf!, cert);
  await writeFile(chain!, cert.slice(cert.indexOf("-----END") + 26));
  const at = ["-attime", String(Math.floor(clock.now() / 1000))];
  const strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "desk.example.org"];
  const done = run("openssl", [...strict, ...at, "-CAfile", ca!, "-untrusted", chain!, leaf!]);
  return done.then(
    ({ stdout }) => stdout.trim().slice(-2),
    (error: unknown) => String(error),
  );
}

test("whoever trusts either CA trusts the server until the old one is retired, then the new one alone", async () => {
  const clock = new ManualClock();
  const trust = await open(createServiceInMemory(), clock);
  const before = trust.current;
  await trust.rotate();
  const between = trust.current;
  expect(between.fingerprint).not.toBe(before.fingerprint);
  expect(between.previous).toEqual({ fingerprint: before.fingerprint, rotatedAt: clock.now() });
  expect(await verify(between, before.caCertificate, clock)).toBe("OK");
  expect(await verify(between, between.caCertificate, clock)).toBe("OK");
  await trust.retire();
  const after = trust.current;
  expect(after).toMatchObject({ fingerprint: between.fingerprint, previous: null });
  expect(after.caCertificate).toBe(between.caCertificate);
  expect(await verify(after, after.caCertificate, clock)).toBe("OK");
  expect(await verify(after, before.caCertificate, clock)).toContain("verification failed");
});

test("the old CA's key is gone as soon as it is rotated, and nobody who has it later can extend its time", async () => {
  const service = createServiceInMemory();
  const trust = await open(service);
  const { key } = JSON.parse((await service.get("service-ca"))!) as { key: string };
  const { caCertificate } = trust.current;
  await trust.rotate();
  expect(await service.get("service-ca")).not.toContain(JSON.stringify(key).slice(40, 120));
  const [cross] = trust.current.path.map((pem) => new X509Certificate(pem));
  expect(Date.parse(cross!.validTo)).toBeLessThanOrEqual(
    Date.parse(new X509Certificate(caCertificate).validTo),
  );
});

test("one rotation at a time, and none is retired that was not begun", async () => {
  const service = createServiceInMemory();
  const [one, other] = await Promise.all([open(service), open(service)]);
  await expect(one.retire()).rejects.toMatchObject({ code: "CA_NOT_ROTATING" });
  const done = await Promise.allSettled([one.rotate(), other.rotate()]);
  expect(done.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(other.rotate()).rejects.toMatchObject({ code: "CA_ROTATING" });
});

test("another server shows the new CA within seconds, and after its own restart", async () => {
  const service = createServiceInMemory();
  const clock = new ManualClock();
  const [one, other] = [await open(service), await open(service, clock)];
  const shown: ServerCertificate[] = [];
  other.subscribe((trust) => shown.push(trust));
  await one.rotate();
  clock.advance(PROXY_LIMITS.certificateLookMs);
  await other.refresh();
  expect(shown.map(({ fingerprint }) => fingerprint)).toEqual([one.current.fingerprint]);
  expect((await open(service)).current).toMatchObject({
    fingerprint: one.current.fingerprint,
    previous: one.current.previous,
  });
});

test("a server's certificate is issued anew long before it expires; the CA stays", async () => {
  const clock = new ManualClock();
  const trust = await open(createServiceInMemory(), clock);
  const { cert, fingerprint } = trust.current;
  const shown: ServerCertificate[] = [];
  trust.subscribe((current) => shown.push(current));
  clock.advance(PROXY_LIMITS.leafRenewMs - 1);
  await trust.refresh();
  expect(trust.current.cert).toBe(cert);
  expect(Date.parse(new X509Certificate(cert).validTo)).toBeGreaterThan(
    clock.now() + PROXY_LIMITS.leafRenewMs,
  );
  clock.advance(1);
  await trust.refresh();
  expect(trust.current.cert).not.toBe(cert);
  expect(shown).toEqual([trust.current]);
  expect(trust.current.fingerprint).toBe(fingerprint);
  trust.close();
  expect(clock.pending).toBe(0);
});

test("while the CA cannot be read, the certificate stays, and that is said once", async () => {
  const service = createServiceInMemory();
  const lines: string[] = [];
  let broken = false;
  const flaky: ServiceStore = {
    ...service,
    getOrCreate: (...args) =>
      broken ? Promise.reject(new Error("no database")) : service.getOrCreate(...args),
  };
  const trust = await open(flaky, new ManualClock(), lines);
  const { cert } = trust.current;
  broken = true;
  await trust.refresh();
  await trust.refresh();
  expect(trust.current.cert).toBe(cert);
  expect(lines.filter((line) => line.includes("trust.unreadable"))).toHaveLength(1);
});
