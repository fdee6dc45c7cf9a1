import { unbracketHost } from "../../../protocol/index.ts";
import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { isIP } from "node:net";
import { isInternetAddress } from "../../model/internet-ranges.ts";
import { scriptError } from "../script-error.ts";

type Answer = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** @throws LaunchError `SCRIPT_ADDRESS` for an address of this host or its neighbours */
export function refuseNonPublicAddress(hostname: string): void {
  const bare = unbracketHost(hostname).toLowerCase();
  const local = bare === "localhost" || bare.endsWith(".localhost");
  if (local || (isIP(bare) !== 0 && !isInternetAddress(bare))) throw nonPublicError(bare);
}

/** Name resolution without such addresses: the connection uses the address that was checked. */
export function lookupPublicAddress(hostname: string, options: LookupOptions, answer: Answer): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      answer(error, "");
      return;
    }
    const outer = addresses.filter(({ address }) => isInternetAddress(address));
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
