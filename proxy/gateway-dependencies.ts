import type { RsaServerKey } from "../protocol/index.ts";
import type { AddressRanges } from "./limits/address-ranges.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { ServiceTrust } from "./trust/service-trust.ts";
import type { SiteCertificate } from "./trust/site-certificate.ts";

/** What is opened before the proxy can be put together. */
export interface GatewayDependencies {
  readonly serverId: string;
  readonly trust: ServiceTrust;
  readonly rsaKey: RsaServerKey;
  /** Null: every client gets the service's own certificate. */
  readonly site: SiteCertificate | null;
  /** Peers whose PROXY protocol header is believed. */
  readonly forwarders: AddressRanges;
  /** Reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: AddressRanges;
  readonly audit: AuditLog;
}
