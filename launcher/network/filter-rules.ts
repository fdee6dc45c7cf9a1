import { CLOSED_IPV4, CLOSED_IPV6, OPEN_IPV6 } from "../model/internet-ranges.ts";
import { SLIRP_NETWORK } from "./network-addresses.ts";
import { loopbackOf, type NetworkException } from "./network-policy.ts";
import { formatRange, type IpRange } from "../model/ip-ranges.ts";

const REJECT = "reject with icmpx admin-prohibited";

/**
 * The filter of a machine's namespace, in nft's syntax. It sees the connections that QEMU's user network opens for the
 * guest, with their real destinations. What no rule accepts is rejected.
 * @param host the host's own addresses and directly connected networks
 */
export function writeFilterRules(exceptions: readonly NetworkException[], host: readonly IpRange[]): string {
  const loopback = exceptions.filter(({ range }) => loopbackOf(range) !== null);
  const others = exceptions.filter(({ range }) => loopbackOf(range) === null);
  return [
    "table inet postern {",
    ...[4 as const, 6 as const].flatMap((version) => writeSet(version, host)),
    "chain output {",
    "type filter hook output priority filter; policy drop;",
    // Replies on forwarded ports, and the kernel's neighbour discovery.
    "ct direction reply accept",
    "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept",
    // The resolver's other ports would lead to the host's.
    `ip daddr ${SLIRP_NETWORK.dns} meta l4proto { tcp, udp } th dport 53 accept`,
    ...loopback.map(writeException),
    // However wide an exception is, these addresses reach only the named ports of the host's loopback.
    `ip daddr ${SLIRP_NETWORK.network} ${REJECT}`,
    `ip6 daddr ${SLIRP_NETWORK.network6} ${REJECT}`,
    ...others.map(writeException),
    `ip daddr @host4 ${REJECT}`,
    `ip6 daddr @host6 ${REJECT}`,
    `ip daddr ${braces(CLOSED_IPV4)} ${REJECT}`,
    `ip6 daddr ${braces(CLOSED_IPV6)} ${REJECT}`,
    "meta nfproto ipv4 accept",
    `ip6 daddr ${braces(OPEN_IPV6)} accept`,
    REJECT,
    "}",
    "}",
    "",
  ].join("\n");
}

/** Replaces the host's addresses in a namespace that has the rules; nft applies it atomically. */
export function writeHostUpdate(host: readonly IpRange[]): string {
  return [4 as const, 6 as const]
    .flatMap((version) => {
      const elements = host.filter((range) => range.version === version);
      const set = `set inet postern host${version}`;
      return [
        `flush ${set}`,
        ...(elements.length === 0 ? [] : [`add element inet postern host${version} ${braces(elements)}`]),
      ];
    })
    .concat("")
    .join("\n");
}

function writeSet(version: 4 | 6, host: readonly IpRange[]): string[] {
  const elements = host.filter((range) => range.version === version);
  return [
    `set host${version} {`,
    `type ipv${version}_addr; flags interval; auto-merge;`,
    ...(elements.length === 0 ? [] : [`elements = ${braces(elements)}`]),
    "}",
  ];
}

function writeException({ range, port }: NetworkException): string {
  const loopback = loopbackOf(range);
  const destination =
    loopback === "ipv4" ? SLIRP_NETWORK.host : loopback === "ipv6" ? SLIRP_NETWORK.host6 : formatRange(range);
  const ports = port === undefined ? "" : `meta l4proto { tcp, udp } th dport ${port} `;
  return `${range.version === 4 ? "ip" : "ip6"} daddr ${destination} ${ports}accept`;
}

function braces(ranges: readonly IpRange[]): string {
  return `{ ${ranges.map(formatRange).join(", ")} }`;
}
