import { BlockList, isIP } from "node:net";
import { ConfigError } from "../../protocol/index.ts";
import { plainAddress } from "../model/connection-source.ts";

/** IP addresses and networks that an administrator names. */
export class AddressRanges {
  readonly #list = new BlockList();

  /**
   * @param texts addresses (`192.0.2.7`, `::1`) and networks (`10.0.0.0/8`, `2001:db8::/32`)
   * @param code of the error, which names the wrong option
   * @throws ConfigError `code`
   */
  constructor(texts: readonly string[], code = "ADDRESS_RANGE") {
    for (const text of texts) {
      const [address = "", prefix, ...rest] = text.split("/");
      const version = isIP(address);
      const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
      const valid =
        rest.length === 0 && !address.includes("%") && (prefix === undefined || /^\d{1,3}$/.test(prefix));
      if (version === 0 || !valid || bits > (version === 4 ? 32 : 128)) {
        const message = `"${text}" is no address range. Write it like 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.`;
        throw ConfigError.public(code, message);
      }
      this.#list.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
    }
  }

  /** An IPv4 address counts as such in its IPv6 form too. */
  contains(address: string): boolean {
    const bare = plainAddress(address);
    const version = isIP(bare);
    return version !== 0 && this.#list.check(bare, version === 4 ? "ipv4" : "ipv6");
  }
}
