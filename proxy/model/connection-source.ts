import { isIPv4, isIPv6 } from "node:net";

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

/**
 * One spelling for each address that comes in: IPv4 inside IPv6 as IPv4, IPv6 at its shortest. A zone stays, since the
 * address means nothing without it; `text` that is no address is returned as it is.
 */
export function canonicalAddress(text: string): string {
  const [bare = "", zone] = text.split("%");
  if (!isIPv6(bare)) return text;
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return zone === undefined ? short : `${short}%${zone}`;
  const packed = Buffer.alloc(4);
  packed.writeUInt16BE(Number.parseInt(high, 16), 0);
  packed.writeUInt16BE(Number.parseInt(low, 16), 2);
  return packed.join(".");
}

/** The same without an IPv6 zone, which the peer's own machine made up. */
export function plainAddress(text: string): string {
  return canonicalAddress(text.split("%")[0] ?? "");
}

/** This very machine, as a socket names the other side. */
export function isLoopbackAddress(address: string): boolean {
  const bare = plainAddress(address);
  return bare === "::1" || (isIPv4(bare) && bare.startsWith("127."));
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
