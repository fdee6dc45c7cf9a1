import { LaunchError } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { StartParameters } from "../argv/machine-arguments.ts";
import type { Command } from "../system/child-process.ts";
import { checkImage, prepareMachine } from "../process/launch.ts";
import { applyLaunchExtensions } from "../process/launch-extension.ts";
import type { ScriptStartContext } from "../process/boot-scripts.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { MachineContext } from "./machine-context.ts";

export interface PreparedStart {
  readonly start: Omit<StartParameters, "halted">;
  readonly wrap: (command: Command) => Command;
}

/** Everything before QEMU: boot scripts, disks, and what the parts beside the machine add. @throws LaunchError */
export async function prepareStart(
  spec: MachineSpec,
  paths: MachinePaths,
  around: Pick<MachineContext, "programs" | "outfitters" | "account" | "scripts">,
  start: ScriptStartContext,
): Promise<PreparedStart> {
  const { programs, scripts } = around;
  if (programs === null) throw new LaunchError("QEMU_MISSING", "QEMU is not installed");
  await checkImage(spec);
  const { base, contribution: outfit } = await scripts.prepare(spec, paths, start);
  await prepareMachine(spec, paths, programs, base);
  const prepared = await applyLaunchExtensions(around, spec, paths, start.registerHelper, outfit);
  return {
    start: { accel: start.accel, customized: base, additions: prepared.arguments },
    wrap: prepared.wrap,
  };
}
