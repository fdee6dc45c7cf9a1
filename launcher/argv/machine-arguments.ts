import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { bootArguments, memoryHolderArguments } from "./boot-arguments.ts";
import { channelArguments } from "./channel-arguments.ts";
import { displayArguments } from "./display-arguments.ts";
import { platformArguments } from "./platform-arguments.ts";
import type { Accel } from "../../protocol/index.ts";
import { needsMemoryHolder } from "../model/snapshot-nodes.ts";

const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** What the moment of a start decides, beside the specification. */
export interface StartParameters {
  readonly accel: Accel;
  /** Begins with standing processors: a memory is put back first. */
  readonly halted: boolean;
  /** A disk that boot scripts changed: it stands between the image and the machine's own. Null: there is none. */
  readonly customized: string | null;
  /** What the parts beside the machine add: network, TPM, shares, GPUs, further disks. */
  readonly additions: readonly string[];
}

/** The arguments of QEMU for a machine: pure, every name generated, nothing of the user's text in it. */
export function machineArguments(spec: MachineSpec, paths: MachinePaths, start: StartParameters): string[] {
  return [
    "-no-user-config",
    "-nodefaults",
    ...["-name", paths.alias],
    ...["-sandbox", SANDBOX],
    ...platformArguments(spec, paths, start.accel),
    ...channelArguments(spec.arch, paths),
    ...displayArguments(spec, paths),
    ...bootArguments(spec, paths, start.customized),
    ...(needsMemoryHolder(spec) ? memoryHolderArguments(paths) : []),
    ...start.additions,
    ...(start.halted ? ["-S"] : []),
  ];
}
