import { BlockList, isIP, isIPv6 } from "node:net";
import { unbracketHost, ConfigError, type HostPort } from "../../protocol/index.ts";
import type { HttpProxySettings } from "../agent.ts";

/** The parsed settings of an HTTP proxy. */
export interface HttpProxy extends HostPort {
  /** The value of Proxy-Authorization; null: the settings have no user. */
  readonly authorization: string | null;
}

/** Which HTTP proxy to use for a server. Null: none, the server is dialled directly. */
export type ProxyChoice = (server: HostPort) => HttpProxy | null;

const DEFAULT_PORT = 80;

/** @throws ConfigError `HTTP_PROXY` */
export function chooseProxies(settings: HttpProxySettings | null): ProxyChoice {
  if (settings === null) return () => null;
  const proxy = parseHttpProxy(settings.url);
  const rules = settings.bypass
    .split(/[\s,]+/)
    .filter((rule) => rule !== "")
    .map(readRule);
  return (server) => (rules.some((matches) => matches(server)) ? null : proxy);
}

/** @throws ConfigError `HTTP_PROXY` */
export function parseHttpProxy(text: string): HttpProxy {
  const url = parseUrl(text.includes("://") ? text : `http://${text}`);
  if (url?.protocol === "https:")
    throw refuse("An HTTP proxy that is itself reached by TLS is not supported.");
  if (url?.protocol !== "http:" || url.hostname === "")
    throw refuse("The HTTP proxy's address is not understood.");
  const user = decode(url.username);
  const password = decode(url.password);
  // RFC 7617: the user name ends at the first colon.
  if (user.includes(":")) throw refuse("The user's name for the HTTP proxy must not contain a colon.");
  const hasUser = user !== "" || password !== "";
  return {
    host: unbracketHost(url.hostname),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    authorization: hasUser ? `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}` : null,
  };
}

/**
 * One entry of NO_PROXY: `*`, a name including its sub-domains, an address, a network; each may have a port.
 */
function readRule(rule: string): (server: HostPort) => boolean {
  if (rule === "*") return () => true;
  const [, bracketed, plain = "", digits] = /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(rule) ?? [];
  const pattern = (bracketed ?? plain).toLowerCase();
  const matchesPort = (port: number): boolean => digits === undefined || Number(digits) === port;
  const network = readNetwork(pattern);
  if (network) {
    return ({ host, port }) =>
      isIP(host) !== 0 && matchesPort(port) && network.check(host, isIPv6(host) ? "ipv6" : "ipv4");
  }
  const name = pattern.replace(/^\*?\./, "").replace(/\.$/, "");
  return (server) => {
    const host = server.host.toLowerCase().replace(/\.$/, "");
    return name !== "" && matchesPort(server.port) && (host === name || host.endsWith(`.${name}`));
  };
}

function readNetwork(pattern: string): BlockList | null {
  const [address = "", prefix] = pattern.split("/");
  const family = isIP(address);
  if (family === 0) return null;
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (!Number.isInteger(length) || length < 0 || length > bits) return null;
  const list = new BlockList();
  list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
  return list;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refuse(what: string): ConfigError {
  const message = `${what} Write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT.`;
  return ConfigError.public("HTTP_PROXY", message);
}
