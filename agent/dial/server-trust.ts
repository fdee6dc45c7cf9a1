import { createHash, X509Certificate } from "node:crypto";
import { SHA256_HEX, AuthError, ConfigError } from "../../protocol/index.ts";
import type { ServerTrust } from "../agent.ts";

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** SHA-256 of a certificate's public key (SPKI, DER), 64 lower-case hex digits. */
export function publicKeyFingerprint(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/**
 * The same trust in normal form.
 * @throws ConfigError `TRUST_FINGERPRINT`, `TRUST_CA`
 */
export function normalizeTrust(trust: ServerTrust): ServerTrust {
  if (trust.kind === "fingerprint") {
    const sha256 = trust.sha256.replaceAll(":", "").toLowerCase();
    if (!SHA256_HEX.test(sha256))
      throw configError(
        "TRUST_FINGERPRINT",
        "The fingerprint must be the 64 hex digits that the server prints.",
      );
    return { kind: "fingerprint", sha256 };
  }
  // With an empty or unreadable `ca`, Node would trust every public CA instead.
  if (!isCaCertificate(trust.pem))
    throw configError(
      "TRUST_CA",
      "The CA file holds no CA certificate in PEM form. Give the service's CA certificate.",
    );
  return trust;
}

function isCaCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}

function configError(code: string, message: string): ConfigError {
  return ConfigError.public(code, message);
}

/**
 * Checks a server's chain against pinned CAs. A pinned CA must have issued the leaf, or certified the CA that
 * did, as during a CA rotation. The leaf's host name is not compared: the pin identifies the service, whose
 * CA issues no other leaves, whatever address the server is dialled by.
 * @param chain leaf first, as the server sent it
 * @param pins SHA-256 of public keys (SPKI), hex
 * @param now epoch milliseconds
 * @throws AuthError `TRUST_FINGERPRINT_MISMATCH`, `TRUST_NOT_SIGNED`, `TRUST_EXPIRED`, `TRUST_NOT_A_SERVER`
 */
export function checkPinnedChain(
  chain: readonly X509Certificate[],
  pins: readonly string[],
  now: number,
): void {
  const [leaf] = chain;
  const pinned = chain.filter(
    (certificate) => pins.includes(publicKeyFingerprint(certificate)) && certificate.ca,
  );
  if (!leaf || pinned.length === 0)
    throw refuse(
      "TRUST_FINGERPRINT_MISMATCH",
      "The server does not have the expected fingerprint. Compare it with the one that the server prints; if it differs, this is another server or somebody stands in between.",
    );
  const path = findPath(leaf, chain, pinned);
  if (!path)
    throw refuse(
      "TRUST_NOT_SIGNED",
      "The server's certificate was not signed by the CA of that fingerprint.",
    );
  if (![leaf, ...path].every((certificate) => isValidAt(certificate, now)))
    throw refuse(
      "TRUST_EXPIRED",
      "The server's certificate is expired or not valid yet. Check the clocks of both machines, then the certificate.",
    );
  const usages = leaf.keyUsage as string[] | undefined;
  if (usages !== undefined && !usages.includes(SERVER_AUTH))
    throw refuse("TRUST_NOT_A_SERVER", "The certificate was not issued for a server.");
}

/** The path from the leaf's issuer to a pinned CA: the issuer itself, or the CA that certified it. */
function findPath(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  pinned: readonly X509Certificate[],
): X509Certificate[] | null {
  const direct = pinned.find((ca) => isIssuedBy(leaf, ca));
  if (direct) return [direct];
  for (const ca of chain.filter((certificate) => certificate.ca && isIssuedBy(leaf, certificate))) {
    const previous = pinned.find((certificate) => isIssuedBy(ca, certificate));
    if (previous) return [ca, previous];
  }
  return null;
}

export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

export function isValidAt(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

function refuse(code: string, message: string): AuthError {
  return AuthError.public(code, message);
}
