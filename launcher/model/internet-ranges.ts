import { isIP } from "node:net";
import { embedIpv4Range, parseRange, rangeCovers, type IpRange } from "./ip-ranges.ts";

/**
 * IPv4 ranges that are not part of the internet.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export const CLOSED_IPV4: readonly IpRange[] = read([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
]);

const NAT64: IpRange = { version: 6, base: 0x64ff9bn << 96n, bits: 96 };

/** The internet's IPv6 ranges: global unicast, and IPv4 behind the well-known NAT64 prefix (RFC 6052). */
export const OPEN_IPV6: readonly IpRange[] = [...read(["2000::/3"]), NAT64];

/**
 * What is excluded from {@link OPEN_IPV6}: special ranges with Teredo, 6to4, documentation, and private IPv4 behind
 * NAT64. Loopback, link-local, unique-local, IPv4-mapped and multicast are outside of it anyway.
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export const CLOSED_IPV6: readonly IpRange[] = [
  ...read(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]),
  ...CLOSED_IPV4.map((range) => embedIpv4Range(NAT64, range)),
];

/** Whether an address is one of the internet: not this host, its neighbours, or a special use. */
export function isInternetAddress(address: string): boolean {
  const range = isIP(address) === 0 ? null : parseRange(address);
  if (range === null) return false;
  const isCovered = (ranges: readonly IpRange[]): boolean =>
    ranges.some((outer) => rangeCovers(outer, range));
  if (range.version === 4) return !isCovered(CLOSED_IPV4);
  return isCovered(OPEN_IPV6) && !isCovered(CLOSED_IPV6);
}

function read(texts: readonly string[]): IpRange[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}
