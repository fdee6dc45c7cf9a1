/** Networks of machines: a namespace each, filtered outside of the guest. */
export { CLOSED_POLICY, parseException, parseForward } from "./network-policy.ts";
export type { NetworkException, NetworkPolicy, PortForward } from "./network-policy.ts";
export { probeNetwork, type NetworkAbility, type NetworkObstacle } from "./probe-network.ts";
export { forwardsOf, networkPaths, prepareNetwork } from "./prepare-network.ts";
export type { MachineNetwork, NetworkedMachine, NetworkPaths } from "./prepare-network.ts";
export { openPortForwards } from "./port-forwards.ts";
export { refreshFilter, watchHostRanges } from "./refresh-filter.ts";
export { findSlirpProcess } from "./slirp-process.ts";
export type { Command } from "../system/command.ts";
