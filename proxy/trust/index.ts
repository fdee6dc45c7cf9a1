import type { Clock } from "../../protocol/index.ts";
import type { Stores } from "../state/stores.ts";
import { loadAuthority } from "./authority.ts";
import { issueLeaf } from "./leaf.ts";
import { listSubjectNames } from "./subject-names.ts";

export interface TrustOptions {
  readonly stores: Pick<Stores, "service">;
  /** What this server is called and where it listens: DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
}

/** What TLS shows: PEM, both. */
export interface Certificate {
  readonly key: string;
  /** The chain: the certificate of `key` first. */
  readonly cert: string;
}

/** This server's own key and certificate, followed by the service CA's. */
export interface Trust extends Certificate {
  /** PEM. */
  readonly caCertificate: string;
  /** SHA-256 of the service CA's public key (SPKI), 64 lower-case hex digits: the pin that agents keep. */
  readonly fingerprint: string;
}

/**
 * Finds or makes the service CA, and issues a fresh certificate for this server under it.
 * @throws ConfigError `HOST_INVALID`, `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED`
 */
export async function openTrust(options: TrustOptions): Promise<Trust> {
  const names = listSubjectNames(options.hosts);
  const authority = await loadAuthority(options.stores.service, options.clock);
  const leaf = await issueLeaf(authority, names, options.clock);
  return {
    key: leaf.key,
    cert: leaf.certificate + authority.certificate,
    caCertificate: authority.certificate,
    fingerprint: authority.fingerprint,
  };
}
