import { isIP } from "node:net";
import { unbracketHost, ConfigError, type HostPort } from "../../protocol/index.ts";

/** A server that a Setup request may name. */
export type AllowedServer =
  | { readonly kind: "host"; readonly host: string; readonly port: number }
  | { readonly kind: "suffix"; readonly suffix: string; readonly port: number };

/**
 * The configured servers and patterns, ready for matching.
 * @param patterns `HOST:PORT`, `[IPv6]:PORT` or `.SUFFIX:PORT`
 * @throws ConfigError `ALLOW_PATTERN`
 */
export function parseAllowedServers(
  servers: readonly HostPort[],
  patterns: readonly string[],
): AllowedServer[] {
  return [
    ...servers.map(({ host, port }) => ({ kind: "host", host: normalizeHost(host), port }) as const),
    ...patterns.map(parsePattern),
  ];
}

export function isAllowedServer(allowed: readonly AllowedServer[], server: HostPort): boolean {
  const host = normalizeHost(server.host);
  return allowed.some((entry) => {
    if (entry.port !== server.port) return false;
    if (entry.kind === "host") return entry.host === host;
    // An address has no domain: ".1" must not match 10.0.0.1.
    return isIP(host) === 0 && host.length > entry.suffix.length && host.endsWith(entry.suffix);
  });
}

function parsePattern(pattern: string): AllowedServer {
  const colon = pattern.lastIndexOf(":");
  const host = normalizeHost(pattern.slice(0, Math.max(0, colon)));
  const digits = pattern.slice(colon + 1);
  const port = Number(digits);
  const invalid =
    colon < 1 || host === "" || host === "." || !/^\d+$/.test(digits) || port < 1 || port > 65535;
  if (invalid || /[\s/*]/.test(host)) {
    const message = `"${pattern}" names no server. Write HOST:PORT, or .SUFFIX:PORT for every host of a domain.`;
    throw ConfigError.public("ALLOW_PATTERN", message);
  }
  return host.startsWith(".") ? { kind: "suffix", suffix: host, port } : { kind: "host", host, port };
}

function normalizeHost(host: string): string {
  return unbracketHost(host)
    .toLowerCase()
    .replace(/(?<=.)\.$/, "");
}
