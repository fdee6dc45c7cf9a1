import { CLOSED_NETWORK, networkArguments } from "../argv/network.ts";
import type { Outfitter } from "./outfit.ts";

/** A network of QEMU's own that leads nowhere: where nothing outside the guest can enforce more. */
export const closedNetwork: Outfitter = {
  prepare: (spec) =>
    Promise.resolve(spec.network === "none" ? {} : { arguments: networkArguments(CLOSED_NETWORK) }),
  release: () => Promise.resolve(),
};
