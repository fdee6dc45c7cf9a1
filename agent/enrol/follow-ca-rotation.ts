import { X509Certificate } from "node:crypto";
import type { ServiceAuthority } from "../../protocol/index.ts";
import { publicKeyFingerprint, isIssuedBy, isValidAt } from "../dial/server-trust.ts";

/**
 * The fingerprints that count after a proven server has said which CA the service has: a CA that one of them certified
 * joins them, and those before go once a later one stands alone. What follows from none of them changes nothing.
 * @param pins oldest first
 * @param now epoch milliseconds
 */
export function followCaRotation(
  pins: readonly string[],
  { certificates }: ServiceAuthority,
  now: number,
): readonly string[] {
  const [newest, ...elders] = parseCertificates(certificates);
  if (!newest?.ca || !isValidAt(newest, now)) return pins;
  const name = publicKeyFingerprint(newest);
  const known = pins.indexOf(name);
  if (elders.length === 0) return known > 0 ? pins.slice(known) : pins;
  const elder = elders.find((ca) => ca.ca && isValidAt(ca, now) && isIssuedBy(newest, ca));
  const since = elder ? pins.indexOf(publicKeyFingerprint(elder)) : -1;
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
