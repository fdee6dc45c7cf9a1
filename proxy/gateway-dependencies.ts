import type { RsaServerKey } from "../protocol/index.ts";
import type { AddressRanges } from "./admit/address-ranges.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { ServiceTrust } from "./trust/service-trust.ts";
import type { SiteCertificate } from "./trust/site-certificate.ts";

/** What is opened before the proxy can be put together. */
export interface GatewayDependencies {
  readonly serverId: string;
  readonly trust: ServiceTrust;
  readonly rsaKey: RsaServerKey;
  /** Null: everybody is shown the service's own certificate. */
  readonly site: SiteCertificate | null;
  /** Who may say by a PROXY protocol header whom it speaks for. */
  readonly forwarders: AddressRanges;
  /** Reverse proxies that say truly by X-Forwarded-For whom they speak for. */
  readonly trusted: AddressRanges;
  readonly audit: AuditLog;
}
