import { dirname } from "node:path";
import type { Logger } from "pino";
import { describeError, type Clock } from "../../../protocol/index.ts";
import type { MachinePaths } from "../../model/machine-paths.ts";
import { networkCardArguments } from "../../argv/network-card-arguments.ts";
import type { LaunchExtension } from "../launch-extension.ts";
import type { ProcessIdentity } from "../../model/process-identity.ts";
import type { MachineSpec } from "../../model/machine-spec.ts";
import { openPortForwards } from "../../network/port-forwards.ts";
import type { NetworkPolicy } from "../../network/network-policy.ts";
import {
  forwardsOf,
  networkPaths,
  prepareNetwork,
  type NetworkPaths,
} from "../../network/prepare-network.ts";
import { probeNetwork, type NetworkAbility } from "../../network/probe-network.ts";
import type { IpRange } from "../../model/ip-ranges.ts";
import { refreshFilter } from "../../network/refresh-filter.ts";
import { watchHostRanges } from "../../network/host-addresses.ts";
import { findSlirpProcess } from "../../network/slirp-process.ts";

/** The networks of a host's machines. Probes what the host can do, and watches the host's own addresses. */
export class NetworkExtension implements LaunchExtension {
  readonly #policy: NetworkPolicy;
  readonly #log: Logger;
  readonly #ability: Promise<NetworkAbility>;
  /** QEMU of the machines whose network has a way out, by machine id. */
  readonly #connected = new Map<string, ProcessIdentity>();
  readonly #stopWatching: () => void;

  constructor(policy: NetworkPolicy, clock: Clock, log: Logger) {
    this.#policy = policy;
    this.#log = log;
    this.#ability = this.#probe();
    this.#stopWatching = watchHostRanges(clock, (host) => {
      for (const [id, qemu] of this.#connected) void this.#refresh(id, qemu, host);
    });
  }

  async prepare(spec: MachineSpec, paths: MachinePaths) {
    const ability = await this.#ability;
    const { netdev, wrap, shortfall } = await prepareNetwork(spec, this.#policy, ability, pathsOf(paths));
    if (shortfall !== undefined)
      this.#log.warn({ event: "machine.network-closed", machine: spec.id }, shortfall);
    return { arguments: networkCardArguments(spec, netdev), wrap };
  }

  /** An adopted machine may have missed changes of the host's addresses and of the port forwards. */
  async onRunning(spec: MachineSpec, paths: MachinePaths, qemu: ProcessIdentity): Promise<void> {
    if (spec.network !== "internet" || findSlirpProcess(qemu) === null) return;
    this.#connected.set(spec.id, qemu);
    await this.#refresh(spec.id, qemu);
    try {
      await openPortForwards(pathsOf(paths).apiSocket, forwardsOf(spec, this.#policy));
    } catch (error) {
      const fields = { event: "machine.forward-failed", machine: spec.id, why: describeError(error) };
      this.#log.warn(fields, "a port could not be forwarded into a machine");
    }
  }

  release(spec: MachineSpec): Promise<void> {
    this.#connected.delete(spec.id);
    return Promise.resolve();
  }

  /** Stops watching; machines keep their networks. */
  async close(): Promise<void> {
    this.#stopWatching();
    await this.#ability;
  }

  async #probe(): Promise<NetworkAbility> {
    const ability = await probeNetwork();
    if (ability.kind === "restricted")
      for (const { what, remedy } of ability.obstacles)
        this.#log.warn(
          { event: "launcher.network-closed", remedy },
          `machines get no internet here: ${what}`,
        );
    return ability;
  }

  async #refresh(id: string, qemu: ProcessIdentity, host?: readonly IpRange[]): Promise<void> {
    const ability = await this.#ability;
    if (ability.kind !== "namespace" || (await refreshFilter(qemu, ability, host))) return;
    const fields = { event: "machine.filter-old", machine: id };
    this.#log.warn(fields, "a machine's filter did not learn the host's present addresses");
  }
}

/** The resolver's file is in the machine's folder, where QEMU cannot replace it. */
function pathsOf(paths: MachinePaths): NetworkPaths {
  return networkPaths(dirname(paths.socketBase), paths.slot, paths.dir);
}
