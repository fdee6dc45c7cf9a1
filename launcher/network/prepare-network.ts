import { chmod, writeFile } from "node:fs/promises";
import type { NetworkKind } from "../../protocol/index.ts";
import { SLIRP_NETWORK } from "./network-addresses.ts";
import { inIsolatedNamespace, inFilteredNamespace } from "./namespace-command.ts";
import { findHostRanges } from "./host-addresses.ts";
import { loopbackOf, type NetworkPolicy } from "./network-policy.ts";
import type { NetworkAbility } from "./probe-network.ts";
import type { IpRange } from "../model/ip-ranges.ts";
import { writeFilterRules } from "./filter-rules.ts";
import type { Command } from "../system/child-process.ts";
import { userNetworkArguments } from "./user-network-arguments.ts";

/** The properties of a machine that decide its network. */
interface NetworkedMachine {
  readonly name: string;
  readonly network: NetworkKind;
}

/** Where its files go: in the folder for sockets, under the machine's own names. */
export interface NetworkPaths {
  /** Beginning of the names of pipes that exist while the machine starts. */
  readonly pipe: string;
  /** Mounted over /etc/resolv.conf. */
  readonly resolvConf: string;
  /** What slirp4netns says during this start and run. */
  readonly slirpLog: string;
  /** slirp4netns's socket for forwarded ports. */
  readonly apiSocket: string;
}

export interface MachineNetwork {
  /** QEMU's arguments for the netdev `net0`; empty: no card either. */
  readonly netdev: readonly string[];
  /** The command to start instead of QEMU: it becomes QEMU, under the same process id. */
  wrap(command: Command): Command;
  /** Why the machine gets less than requested, in a sentence for users. */
  readonly shortfall?: string;
}

/**
 * The paths of a machine's network files.
 * @param slot the machine's short name in the folder for sockets
 * @param folder a folder that only the launcher writes to
 */
export function networkPaths(runtimeDir: string, slot: string, folder = runtimeDir): NetworkPaths {
  return {
    pipe: `${runtimeDir}/${slot}.pipe`,
    resolvConf: `${folder}/resolv.conf`,
    slirpLog: `${folder}/slirp.log`,
    apiSocket: `${runtimeDir}/${slot}.net`,
  };
}

/**
 * Prepares the network of a machine that is about to start. Nothing has to be closed: the kernel ends all of it with
 * QEMU, even if the launcher has ended.
 * @param host the host's current addresses and directly connected networks
 */
export async function prepareNetwork(
  machine: NetworkedMachine,
  policy: NetworkPolicy,
  ability: NetworkAbility,
  paths: NetworkPaths,
  host: readonly IpRange[] = findHostRanges(),
): Promise<MachineNetwork> {
  const { exceptions } = policy;
  const forwards = forwardsOf(machine, policy);
  const netdev = (open: boolean): string[] =>
    machine.network === "none" ? [] : userNetworkArguments(machine.network, open, exceptions, forwards);
  if (ability.kind === "restricted") {
    const plain = { netdev: netdev(false), wrap: (command: Command) => command };
    return machine.network === "internet" ? { ...plain, shortfall: describeShortfall(ability) } : plain;
  }
  if (machine.network !== "internet")
    return { netdev: netdev(false), wrap: (command) => inIsolatedNamespace(command, ability) };
  await writeFile(paths.resolvConf, `nameserver ${SLIRP_NETWORK.dns}\n`, { mode: 0o644 });
  // Independent of the umask: QEMU may run as another account.
  await chmod(paths.resolvConf, 0o644);
  return {
    netdev: netdev(true),
    wrap: (command) =>
      inFilteredNamespace(command, {
        ...ability,
        ...paths,
        rules: writeFilterRules(exceptions, host),
        apiSocket: forwards.length === 0 ? null : paths.apiSocket,
        hostLoopback: exceptions.some(({ range }) => loopbackOf(range) !== null),
      }),
  };
}

/** The forwarded ports of a machine; only one with internet access can have any. */
export function forwardsOf(machine: NetworkedMachine, policy: NetworkPolicy): NetworkPolicy["forwards"] {
  return machine.network === "internet"
    ? policy.forwards.filter((forward) => forward.machine === machine.name)
    : [];
}

function describeShortfall(ability: Extract<NetworkAbility, { kind: "restricted" }>): string {
  const why = ability.obstacles.map(({ what }) => what).join(" ");
  return `The machine has no way to the internet, because this host cannot filter it. ${why}`;
}
