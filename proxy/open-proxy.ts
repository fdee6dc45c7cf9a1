import { AddressRanges } from "./admit/address-ranges.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { listCertificateHosts } from "./model/advertised-addresses.ts";
import { GatewayProxy } from "./gateway.ts";
import type { Proxy, ProxyOptions } from "./proxy.ts";
import { loadServerId } from "./state/server-id.ts";
import { ServiceTrust } from "./trust/service-trust.ts";
import { SiteCertificate } from "./trust/site-certificate.ts";
import { loadRsaKey } from "./trust/rsa-key.ts";

/**
 * Opens the proxy: certificate, audit log, and an end to what an earlier life left open in the state.
 * It listens once it is started; the caller closes it.
 * @throws ConfigError
 */
export async function openProxy(options: ProxyOptions): Promise<Proxy> {
  const { stores, clock, log, dataDir } = options;
  const forwarders = new AddressRanges(options.proxyProtocolFrom ?? []);
  const trusted = new AddressRanges(options.trustedProxies ?? []);
  const serverId = await loadServerId(dataDir);
  const hosts = listCertificateHosts(options.advertise, options.listen);
  const { siteCertificate } = options;
  const site = siteCertificate ? await SiteCertificate.open(siteCertificate, { clock, log }) : null;
  const trust = await ServiceTrust.open({ stores, hosts, clock, log });
  const rsaKey = await loadRsaKey(stores.service);
  await stores.agents.releaseAll(serverId);
  await stores.sessions.closeAll(serverId, "SERVER_RESTARTED");
  const audit = await AuditLog.open({ dataDir, serverId, clock, log });
  // Kept apart from the log, so that a key that was put in its place is noticed.
  const known = await stores.service.getOrCreate(`audit-key:${serverId}`, () => audit.publicKey);
  if (known !== audit.publicKey) {
    log.warn({ event: "audit.key" }, "the audit key is not the one that this server began with");
    audit.append({ action: "audit.repair", outcome: "failure", reason: "AUDIT_KEY_CHANGED" });
  }
  return new GatewayProxy(options, { serverId, trust, site, forwarders, trusted, rsaKey, audit });
}
