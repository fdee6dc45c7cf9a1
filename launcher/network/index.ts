/** Networks of machines: a namespace each, filtered outside of the guest. */
export { CLOSED_POLICY, parseException, parseForward } from "./policy.ts";
export type { NetworkException, NetworkPolicy, PortForward } from "./policy.ts";
export { probeNetwork, type NetworkAbility, type NetworkObstacle } from "./probe.ts";
export { forwardsOf, networkPaths, prepareNetwork } from "./prepare.ts";
export type { MachineNetwork, NetworkedMachine, NetworkPaths } from "./prepare.ts";
export { openForwards } from "./forwards.ts";
export { refreshFilter, watchHostRanges } from "./refresh.ts";
export { findWayOut } from "./way-out.ts";
export type { Command } from "../process/command.ts";
