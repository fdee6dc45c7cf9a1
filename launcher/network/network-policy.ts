import { isIP } from "node:net";
import { ConfigError } from "../../protocol/index.ts";
import { SLIRP_NETWORK } from "./network-addresses.ts";
import { rangeCovers, formatRange, rangesOverlap, parseRange, type IpRange } from "../model/ip-ranges.ts";

/** An exception to the filter: a range of addresses, and one port or all. */
export interface NetworkException {
  readonly range: IpRange;
  /** TCP and UDP; absent: all ports, and everything else that is not TCP or UDP. */
  readonly port?: number;
}

/** A port of the host that leads into a machine. */
export interface PortForward {
  readonly machine: string;
  readonly protocol: "tcp" | "udp";
  /** IPv4 address of the host. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

/** The administrator's settings for machines' networks. */
export interface NetworkPolicy {
  readonly exceptions: readonly NetworkException[];
  readonly forwards: readonly PortForward[];
}

const LOOPBACK = ["127.0.0.0/8", "::/127"].flatMap((text) => parseRange(text) ?? []);
const RESERVED = [SLIRP_NETWORK.network, SLIRP_NETWORK.network6].flatMap((text) => parseRange(text) ?? []);

/**
 * Reads `10.1.2.0/24`, `10.1.2.3:443`, `fd12::/16` or `[fd12::7]:443`.
 * @throws ConfigError `NETWORK_EXCEPTION`
 */
export function parseException(text: string): NetworkException {
  const match =
    /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ??
    /^([\d./]+):(\d{1,5})$/.exec(text) ??
    ([text, text] as const);
  const range = parseRange(match[1]);
  const port = match[2] === undefined ? undefined : readPort(match[2]);
  if (range === null || port === null)
    throw ConfigError.public(
      "NETWORK_EXCEPTION",
      `"${text}" is no network for machines. Write it like 10.1.2.0/24, 10.1.2.3:443 or [fd12::7]:443.`,
    );
  const single = range.bits === (range.version === 4 ? 32 : 128);
  if (LOOPBACK.some((loopback) => rangeCovers(loopback, range)) && !(single && port !== undefined))
    throw ConfigError.public(
      "NETWORK_EXCEPTION",
      `"${text}" opens the host's loopback. Name one address and one port of it, like 127.0.0.1:3128.`,
    );
  const ours = RESERVED.find((network) => rangesOverlap(network, range) && rangeCovers(network, range));
  if (ours !== undefined)
    throw ConfigError.public(
      "NETWORK_EXCEPTION",
      `"${text}" lies in ${formatRange(ours)}, which machines use themselves.`,
    );
  return port === undefined ? { range } : { range, port };
}

/**
 * Reads `MACHINE=tcp:127.0.0.1:8022:22`: the host's address and port, then the guest's port.
 * @throws ConfigError `NETWORK_FORWARD`
 */
export function parseForward(text: string): PortForward {
  const match = /^(.+)=(tcp|udp):([\d.]+):(\d{1,5}):(\d{1,5})$/.exec(text);
  const [, machine = "", protocol = "", hostAddress = "", host = "", guest = ""] = match ?? [];
  const [hostPort, guestPort] = [readPort(host), readPort(guest)];
  if (hostPort === null || guestPort === null || isIP(hostAddress) !== 4)
    throw ConfigError.public(
      "NETWORK_FORWARD",
      `"${text}" is no port forward. Write it like MACHINE=tcp:127.0.0.1:8022:22, with an IPv4 address of the host.`,
    );
  return { machine, protocol: protocol === "udp" ? "udp" : "tcp", hostAddress, hostPort, guestPort };
}

/** Which of the host's loopback addresses a range is: they are reached by an address of their own. */
export function loopbackOf(range: IpRange): "ipv4" | "ipv6" | null {
  if (!LOOPBACK.some((loopback) => rangeCovers(loopback, range))) return null;
  return range.version === 4 ? "ipv4" : "ipv6";
}

function readPort(text: string): number | null {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
}
