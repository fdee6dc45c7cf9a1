import { X509Certificate, createPrivateKey } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import { AUTHORITY_NAME, type CertificateAuthority } from "./certificate-authority.ts";
import { signCertificate } from "./sign-certificate.ts";
import { serverExtensions } from "./certificate-extensions.ts";
import { encodePrivateKey, generateP256 } from "./p256.ts";

const LEAF_NAME = "Postern server";
const HOUR_MS = 3_600_000;
/** Browsers refuse what lives longer than 398 days. */
const VALID_HOURS = 397 * 24;

export interface LeafCertificate {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/** Issues a TLS server's key and certificate for `names`, valid from an hour ago. */
export async function issueLeaf(
  authority: CertificateAuthority,
  names: readonly string[],
  clock: Clock,
): Promise<LeafCertificate> {
  const { publicKey, privateKey } = await generateP256();
  const notBefore = clock.now() - HOUR_MS;
  const certificate = signCertificate({
    subject: LEAF_NAME,
    publicKey,
    issuer: AUTHORITY_NAME,
    issuerKey: authority.key,
    notBefore,
    notAfter: notBefore + VALID_HOURS * HOUR_MS,
    extensions: serverExtensions(publicKey, authority.publicKey, names),
  });
  const leaf = { key: encodePrivateKey(privateKey), certificate };
  checkLeaf(leaf, authority);
  return leaf;
}

/** A context with a foreign or missing key is not refused by TLS: it breaks every handshake instead. */
function checkLeaf(leaf: LeafCertificate, authority: CertificateAuthority): void {
  const parsed = new X509Certificate(leaf.certificate);
  createSecureContext({ key: leaf.key, cert: leaf.certificate });
  if (!parsed.checkPrivateKey(createPrivateKey(leaf.key)))
    throw new Error("the leaf's key and certificate do not match");
  if (!parsed.checkIssued(new X509Certificate(authority.certificate)) || !parsed.verify(authority.publicKey))
    throw new Error("the leaf was not issued by the service CA");
}
