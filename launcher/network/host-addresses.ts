import { networkInterfaces } from "node:os";
import { rangeCovers, parseRange, type IpRange, formatRange } from "../model/ip-ranges.ts";
import type { Clock } from "../../protocol/index.ts";

/**
 * The host's current addresses and directly connected networks: whatever their range, they are the host and its
 * neighbours. A network that another one covers is left out.
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

/** How often the host's addresses are polled, in milliseconds. */
const ADDRESS_POLL_MS = 10_000;

/**
 * Calls `onChange` after the host got or lost an address.
 * @returns stops polling
 */
export function watchHostRanges(
  clock: Clock,
  onChange: (host: readonly IpRange[]) => void,
  readInterfaces: () => ReturnType<typeof networkInterfaces> = networkInterfaces,
): () => void {
  let known = describe(findHostRanges(readInterfaces()));
  let cancel = clock.after(ADDRESS_POLL_MS, poll);
  function poll(): void {
    cancel = clock.after(ADDRESS_POLL_MS, poll);
    const now = findHostRanges(readInterfaces());
    if (describe(now) === known) return;
    known = describe(now);
    onChange(now);
  }
  return () => {
    cancel();
  };
}

function describe(ranges: readonly IpRange[]): string {
  return ranges.map(formatRange).join(" ");
}
