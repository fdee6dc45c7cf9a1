import { embedIpv4Range, parseRange, type IpRange } from "./ip-ranges.ts";

/**
 * The small network between a machine's namespace and slirp4netns, which carries its connections out. It is not the
 * guest's own, which is QEMU's usual 10.0.2.0/24; its range is set aside for measurements (RFC 2544) and thus rare.
 */
export const SLIRP_NETWORK = {
  network: "198.19.255.0/24",
  /** The host's loopback, where the administrator allows it. */
  host: "198.19.255.2",
  /** Answers names by asking the host's resolver. */
  dns: "198.19.255.3",
  /** The namespace's own address. */
  self: "198.19.255.100",
  /** slirp4netns has this network and no other for IPv6. */
  network6: "fd00::/64",
  host6: "fd00::2",
} as const;

/** Networks of QEMU for guests; the second where the administrator allows guests into the real first one. */
export const GUEST_NETWORKS = ["10.0.2.0/24", "198.18.254.0/24"] as const;

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

function read(texts: readonly string[]): IpRange[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}
