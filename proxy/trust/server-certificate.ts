import type { Clock } from "../../protocol/index.ts";
import type { Stores } from "../state/stores.ts";
import { openAuthority, readOrCreateAuthority, type PreviousCa } from "./certificate-authority.ts";
import { issueLeaf } from "./leaf-certificate.ts";
import { listSubjectNames } from "./subject-names.ts";

export interface ServerCertificateOptions {
  readonly stores: Pick<Stores, "service">;
  /** What this server is called and where it listens: DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
}

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
 * Finds or makes the service CA, and issues a fresh certificate for this server under it.
 * @throws ConfigError `HOST_INVALID`, `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED`
 */
export async function openServerCertificate({
  stores,
  hosts,
  clock,
}: ServerCertificateOptions): Promise<ServerCertificate> {
  const names = listSubjectNames(hosts);
  return issueServerCertificate(await readOrCreateAuthority(stores.service, clock), names, clock);
}

/** @param stored the service CA as it is stored @throws ConfigError `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED` */
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
