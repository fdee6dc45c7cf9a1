import type { Clock } from "../../protocol/index.ts";
import { openAuthority, type PreviousCa } from "./certificate-authority.ts";
import { issueLeaf } from "./leaf-certificate.ts";

/** What TLS shows: PEM, both. */
export interface TlsCertificate {
  readonly key: string;
  /** The chain: the certificate of `key` first. */
  readonly cert: string;
}

/** This server's own key and certificate, followed by the service CA's. */
export interface ServerCertificate extends TlsCertificate {
  /** PEM. */
  readonly caCertificate: string;
  /** SHA-256 of the service CA's public key (SPKI), 64 lower-case hex digits: the pin that agents keep. */
  readonly fingerprint: string;
  /** The CA's certificates of `cert`, PEM each. */
  readonly path: readonly string[];
  /** The CA before, while it is being retired. */
  readonly previous: PreviousCa | null;
}

/**
 * Issues a fresh certificate for this server under the service CA.
 * @param stored the CA as it is stored
 * @throws ConfigError `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED`
 */
export async function issueServerCertificate(
  stored: string,
  names: readonly string[],
  clock: Clock,
): Promise<ServerCertificate> {
  const authority = openAuthority(stored, clock);
  const leaf = await issueLeaf(authority, names, clock);
  return {
    key: leaf.key,
    cert: leaf.certificate + authority.path.join(""),
    caCertificate: authority.certificate,
    fingerprint: authority.fingerprint,
    path: authority.path,
    previous: authority.previous,
  };
}
