import { isIPv4 } from "node:net";
import type { Endpoint } from "../agent.ts";

/** Names that are accepted in the certificate of a VNC server on the same host. */
export const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"] as const;

/** Whether bytes to this endpoint never leave the host. */
export function isSameHost(endpoint: Endpoint): boolean {
  if (endpoint.kind === "unix") return true;
  const host = endpoint.host.toLowerCase();
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
