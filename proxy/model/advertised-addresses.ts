import { bracketHost, type HostPort } from "../../protocol/index.ts";
import { hostname } from "node:os";

/** An address to listen on that names no host. */
const WILDCARDS: readonly string[] = ["0.0.0.0", "::", ""];

/** In messages to agents: the address that their control connection goes to. */
export const CONTROL_ADDRESS: HostPort = { host: "", port: 0 };

export interface AdvertisedAddresses {
  readonly web: HostPort;
  readonly rfb: HostPort | null;
}

/** What people and agents see: the advertised address, else the listen address. */
export function chooseAdvertised(
  advertise: HostPort | null,
  addresses: { readonly listen: HostPort; readonly rfb: HostPort | null },
): AdvertisedAddresses {
  const { listen, rfb } = addresses;
  const web = advertise ?? { host: nameHost(listen.host), port: listen.port };
  if (!rfb) return { web, rfb: null };
  return { web, rfb: { host: advertise?.host ?? nameHost(rfb.host), port: rfb.port } };
}

/** Names that the server's certificate has to hold. */
export function listCertificateHosts(advertise: HostPort | null, listen: HostPort): string[] {
  const local = ["localhost", "127.0.0.1", "::1"];
  return [...new Set([...(advertise ? [advertise.host] : []), nameHost(listen.host), ...local])];
}

/** `wss:` or `https:` and the address, without a default port. */
export function formatUrl(scheme: "https" | "wss", { host, port }: HostPort, path = ""): string {
  return `${scheme}://${bracketHost(host)}${port === 443 ? "" : `:${port}`}${path}`;
}

function nameHost(host: string): string {
  return WILDCARDS.includes(host) ? hostname() : host;
}
