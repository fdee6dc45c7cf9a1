import { isIP } from "node:net";

/** A range of IP addresses: all that begin with the first `bits` bits of `base`. */
export interface IpRange {
  readonly version: 4 | 6;
  readonly base: bigint;
  readonly bits: number;
}

/** Reads `192.0.2.7`, `10.0.0.0/8`, `::1` or `fd00::/8`; bits of the host are cleared. Null: it is none. */
export function parseRange(text: string): IpRange | null {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes("%")) return null;
  const width = version === 4 ? 32 : 128;
  if (prefix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefix)) return null;
  const bits = prefix === undefined ? width : Number(prefix);
  if (bits > width) return null;
  const value = version === 4 ? readIpv4(address) : readIpv6(address);
  const shift = BigInt(width - bits);
  return { version: version === 4 ? 4 : 6, base: (value >> shift) << shift, bits };
}

/** As nft and ip write it. */
export function formatRange(range: IpRange): string {
  const address = range.version === 4 ? formatIpv4(range.base) : formatIpv6(range.base);
  return `${address}/${range.bits}`;
}

/** Whether the ranges have an address in common. */
export function rangesOverlap(one: IpRange, other: IpRange): boolean {
  if (one.version !== other.version) return false;
  const shift = BigInt((one.version === 4 ? 32 : 128) - Math.min(one.bits, other.bits));
  return one.base >> shift === other.base >> shift;
}

/** Whether `outer` contains all of `inner`. */
export function rangeCovers(outer: IpRange, inner: IpRange): boolean {
  return outer.bits <= inner.bits && rangesOverlap(outer, inner);
}

/** An IPv4 range embedded in an IPv6 prefix: `64:ff9b::/96` and `10.0.0.0/8` give `64:ff9b::a00:0/104`. */
export function embedIpv4Range(prefix: IpRange, range: IpRange): IpRange {
  const shift = BigInt(128 - prefix.bits - 32);
  return { version: 6, base: prefix.base | (range.base << shift), bits: prefix.bits + range.bits };
}

function readIpv4(address: string): bigint {
  return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function readIpv6(address: string): bigint {
  // The last 32 bits may be written as an IPv4 address.
  const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const value = readIpv4(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: gap }, () => "0"), ...after];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
}

function formatIpv6(value: bigint): string {
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) =>
    ((value >> shift) & 0xffffn).toString(16),
  );
  // The longest run of zero groups is left out, the first of several.
  const text = `:${groups.join(":")}:`;
  const runs = [...text.matchAll(/:0(?=:)(?::0(?=:))+/g)];
  const longest = runs.reduce((best, [run]) => (run.length > best.length ? run : best), "");
  if (longest === "") return groups.join(":");
  return text
    .replace(`${longest}:`, "::")
    .replace(/^:(?!:)/, "")
    .replace(/(?<!:):$/, "");
}
