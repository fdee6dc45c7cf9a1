/** Where a connection comes from. */
export interface ConnectionSource {
  readonly address: string;
  readonly port: number;
}

/**
 * What limits and waits count by: an IPv4 address, or the /64 of an IPv6 address, since one subscriber owns all of it.
 */
export function sourceKey(address: string): string {
  const bare = plainAddress(address);
  return bare.includes(":") ? `${prefixOf(bare, 4)}::/64` : bare;
}

/** The network around a source, which one stranger may own as a whole: the /24 of IPv4, the /48 of IPv6. */
export function networkKey(address: string): string {
  const bare = plainAddress(address);
  if (bare.includes(":")) return `${prefixOf(bare, 3)}::/48`;
  const parts = bare.split(".");
  return parts.length === 4 ? `${parts.slice(0, 3).join(".")}.0/24` : bare;
}

/** The address without an IPv6 zone, and as IPv4 where it is one inside an IPv6 address. */
export function plainAddress(address: string): string {
  const bare = address.split("%")[0] ?? "";
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}

/** The first groups of an IPv6 address, in one spelling. */
function prefixOf(address: string, count: number): string {
  const [head = "", tail = ""] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === "" ? [] : tail.split(":");
  const zeros = address.includes("::") ? Math.max(0, 8 - front.length - back.length) : 0;
  const groups = [...front, ...Array.from({ length: zeros }, () => "0"), ...back];
  const prefix = groups.slice(0, count).map((group) => Number.parseInt(group, 16).toString(16));
  return prefix.join(":");
}
