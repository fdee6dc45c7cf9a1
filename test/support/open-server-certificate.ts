import { pino } from "pino";
import type { Clock } from "../../protocol/index.ts";
import type { Stores } from "../../proxy/index.ts";
import type { ServerCertificate } from "../../proxy/trust/server-certificate.ts";
import { ServiceTrust } from "../../proxy/trust/service-trust.ts";

/** The certificate that a server has when it starts. */
export async function openServerCertificate(options: {
  readonly stores: Pick<Stores, "service">;
  readonly hosts: readonly string[];
  readonly clock: Clock;
}): Promise<ServerCertificate> {
  const trust = await ServiceTrust.open({ ...options, log: pino({ level: "silent" }) });
  trust.close();
  return trust.current;
}
