import { AddressRanges } from "./limits/address-ranges.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { listCertificateHosts } from "./model/advertised-addresses.ts";
import { GatewayProxy } from "./gateway.ts";
import type { Proxy, ProxyOptions } from "./proxy.ts";
import { loadServerId } from "./state/server-id.ts";
import { ServiceTrust } from "./trust/service-trust.ts";
import { SiteCertificate } from "./trust/site-certificate.ts";
import { loadRsaKey } from "./trust/rsa-key.ts";

/**
 * Opens the proxy: certificates and audit log; sessions and agents that an earlier run left open in the state are
 * closed there. It listens once it is started; the caller closes it. When this fails, nothing stays open.
 * @throws ConfigError
 */
export async function openProxy(options: ProxyOptions): Promise<Proxy> {
  const { stores, clock, log, dataDir } = options;
  await using opened = new AsyncDisposableStack();
  const forwarders = new AddressRanges(options.proxyProtocolFrom ?? []);
  const trustedProxies = new AddressRanges(options.trustedProxies ?? []);
  const serverId = await loadServerId(dataDir);
  const hosts = listCertificateHosts(options.advertise, options.listen);
  const { siteCertificate } = options;
  const site = siteCertificate ? await SiteCertificate.open(siteCertificate, { clock, log }) : null;
  opened.defer(() => site?.close());
  const trust = opened.adopt(await ServiceTrust.open({ stores, hosts, clock, log }), (it) => it.close());
  const rsaKey = await loadRsaKey(stores.service);
  await stores.agents.releaseAll(serverId);
  await stores.sessions.closeAll(serverId, "SERVER_RESTARTED");
  const audit = opened.adopt(await AuditLog.open({ dataDir, serverId, clock, log }), (it) => it.close());
  // Stored apart from the log, so that a replaced key is noticed.
  const known = await stores.service.getOrCreate(`audit-key:${serverId}`, () => audit.publicKey);
  if (known !== audit.publicKey) {
    log.warn({ event: "audit.key" }, "the audit key is not the one that this server began with");
    audit.append({ action: "audit.repair", outcome: "failure", reason: "AUDIT_KEY_CHANGED" });
  }
  const dependencies = { serverId, trust, site, forwarders, trustedProxies, rsaKey, audit };
  return new GatewayProxy(options, dependencies, opened);
}
