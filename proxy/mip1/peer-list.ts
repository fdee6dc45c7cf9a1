import { BlockList, isIP } from "node:net";
import { ConfigError } from "../../protocol/index.ts";

const BITS = { ipv4: 32, ipv6: 128 } as const;
type Family = keyof typeof BITS;

/** Addresses that may do something: single ones and CIDR ranges of IPv4 and IPv6. Empty: nobody may. */
export class PeerList {
  readonly #ranges = new BlockList();

  /** @throws ConfigError `PEER_RANGE` */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) this.#add(range);
  }

  /** An IPv4 address counts as itself where a dual-stack listener shows it as `::ffff:a.b.c.d`. */
  allows(address: string): boolean {
    const plain = plainAddress(address);
    const family = familyOf(plain);
    return family !== null && this.#ranges.check(plain, family);
  }

  #add(range: string): void {
    const [address = "", prefix, ...more] = range.split("/");
    const family = familyOf(address);
    if (family === null || more.length > 0) throw wrongRange(range);
    if (prefix === undefined) {
      this.#ranges.addAddress(address, family);
      return;
    }
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > BITS[family]) throw wrongRange(range);
    this.#ranges.addSubnet(address, Number(prefix), family);
  }
}

/** The address without an IPv6 zone, and as IPv4 where it is one inside an IPv6 address. */
export function plainAddress(address: string): string {
  const bare = address.split("%")[0] ?? "";
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}

function familyOf(address: string): Family | null {
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return null;
  return version === 4 ? "ipv4" : "ipv6";
}

function wrongRange(range: string): ConfigError {
  return new ConfigError(
    "PEER_RANGE",
    `"${range}" is no address range. Write an address or CIDR, for example 192.0.2.0/24 or 2001:db8::/32.`,
  );
}
