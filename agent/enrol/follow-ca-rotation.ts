import { X509Certificate } from "node:crypto";
import type { ServiceAuthority } from "../../protocol/index.ts";
import { publicKeyFingerprint, isIssuedBy, isValidAt } from "../dial/server-trust.ts";

/**
 * The valid fingerprints after a proven server has announced the service's CA. A CA that was certified by a
 * pinned CA is added. When a later CA is announced alone, the earlier ones are removed. An announcement that
 * does not chain to a pinned CA changes nothing.
 * @param pins oldest first
 * @param now epoch milliseconds
 */
export function followCaRotation(
  pins: readonly string[],
  { certificates }: ServiceAuthority,
  now: number,
): readonly string[] {
  const [newest, ...earlier] = parseCertificates(certificates);
  if (!newest?.ca || !isValidAt(newest, now)) return pins;
  const name = publicKeyFingerprint(newest);
  const known = pins.indexOf(name);
  if (earlier.length === 0) return known > 0 ? pins.slice(known) : pins;
  const previous = earlier.find((ca) => ca.ca && isValidAt(ca, now) && isIssuedBy(newest, ca));
  const since = previous ? pins.indexOf(publicKeyFingerprint(previous)) : -1;
  if (since < 0) return pins;
  const kept = pins.slice(since);
  return kept.includes(name) ? kept : [...kept, name];
}

function parseCertificates(certificates: readonly string[]): X509Certificate[] {
  try {
    return certificates.map((pem) => new X509Certificate(pem));
  } catch {
    return [];
  }
}
