import { networkInterfaces } from "node:os";
import { rangeCovers, parseRange, type IpRange } from "./ip-ranges.ts";

/**
 * The host's own addresses and the networks at its cables, as they are now: whatever kind of address they are, they
 * are the host and its neighbours. A network that another one covers is left out.
 */
export function findHostRanges(interfaces = networkInterfaces()): IpRange[] {
  const found = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ cidr, address }) => parseRange((cidr ?? address).replace(/%[^/]*/, "")) ?? []);
  return found
    .filter((range, index) =>
      found.every(
        (other, at) =>
          at === index || !rangeCovers(other, range) || (rangeCovers(range, other) && index < at),
      ),
    )
    .sort((one, other) => one.version - other.version || (one.base < other.base ? -1 : 1));
}
