import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { bootArguments, memoryHolderArguments } from "./boot-arguments.ts";
import { channelArguments } from "./channel-arguments.ts";
import { displayArguments } from "./display-arguments.ts";
import { soundArguments } from "./sound-arguments.ts";
import { platformArguments } from "./platform-arguments.ts";
import type { Accel } from "../../protocol/index.ts";
import { needsMemoryHolder } from "../model/snapshot-nodes.ts";

const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** What is decided at each start, beside the specification. */
export interface StartParameters {
  readonly accel: Accel;
  /** Starts with halted processors: the memory is restored first. */
  readonly halted: boolean;
  /** A disk changed by boot scripts, between the image and the machine's own; null: none. */
  readonly customized: string | null;
  /** Arguments of the launch extensions: network, TPM, shares, GPUs, further disks. */
  readonly additions: readonly string[];
}

/** The arguments of QEMU for a machine. Pure; every name is generated, no text of users is in it. */
export function machineArguments(spec: MachineSpec, paths: MachinePaths, start: StartParameters): string[] {
  return [
    "-no-user-config",
    "-nodefaults",
    ...["-name", paths.alias],
    ...["-sandbox", SANDBOX],
    ...platformArguments(spec, paths, start.accel),
    ...channelArguments(spec.arch, paths),
    // Before the displays: their VNC servers name it.
    ...soundArguments(spec),
    ...displayArguments(spec, paths),
    ...bootArguments(spec, paths, start.customized),
    ...(needsMemoryHolder(spec) ? memoryHolderArguments(paths) : []),
    ...start.additions,
    ...(start.halted ? ["-S"] : []),
  ];
}
