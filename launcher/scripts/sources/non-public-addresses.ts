import { unbracketHost } from "../../../protocol/index.ts";
import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";
import { scriptError } from "../script-error.ts";

type Answer = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Addresses that are not public: the host itself, its neighbours, special uses. */
const NON_PUBLIC = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const range of [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"],
]) {
  const [base = "", bits] = range.split("/");
  NON_PUBLIC.ipv4.addSubnet(base, Number(bits), "ipv4");
}
/** All of IPv6 but 2000::/3, and of that what leads to IPv4. */
for (const [base, bits] of [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2002::", 16],
  ["2001::", 32],
] as const)
  NON_PUBLIC.ipv6.addSubnet(base, bits, "ipv6");

export function isNonPublicAddress(address: string): boolean {
  const version = isIP(address) === 6 ? "ipv6" : "ipv4";
  return NON_PUBLIC[version].check(address, version);
}

/** @throws LaunchError `SCRIPT_ADDRESS` for an address of this host or its neighbours */
export function refuseNonPublicAddress(hostname: string): void {
  const bare = unbracketHost(hostname).toLowerCase();
  const local = bare === "localhost" || bare.endsWith(".localhost");
  if (local || (isIP(bare) !== 0 && isNonPublicAddress(bare))) throw nonPublicError(bare);
}

/** Name resolution without such addresses: the connection uses the address that was checked. */
export function lookupPublicAddress(hostname: string, options: LookupOptions, answer: Answer): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      answer(error, "");
      return;
    }
    const outer = addresses.filter(({ address }) => !isNonPublicAddress(address));
    const [first] = outer;
    if (first === undefined) answer(nonPublicError(hostname), "");
    else if (options.all === true) answer(null, outer);
    else answer(null, first.address, first.family);
  });
}

function nonPublicError(hostname: string): Error {
  return scriptError(
    "SCRIPT_ADDRESS",
    `Boot scripts are not fetched from ${hostname}: it is an address of this host or its neighbours. Its administrator can allow it.`,
  );
}
