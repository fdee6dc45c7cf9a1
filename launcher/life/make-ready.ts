import { LaunchError } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { Start } from "../argv/argv.ts";
import type { Command } from "../process/command.ts";
import { checkImage, prepareMachine } from "../process/launch.ts";
import { outfitMachine } from "../process/outfit.ts";
import type { ScriptedStart } from "../scripts/index.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Readiness {
  readonly start: Omit<Start, "halted">;
  readonly wrap: (command: Command) => Command;
}

/** Everything before QEMU: boot scripts, disks, and what the parts beside the machine add. @throws LaunchError */
export async function makeReady(
  spec: MachineSpec,
  paths: MachinePaths,
  around: Pick<Surroundings, "programs" | "outfitters" | "account" | "scripts">,
  start: ScriptedStart,
): Promise<Readiness> {
  const { programs, scripts } = around;
  if (programs === null) throw new LaunchError("QEMU_MISSING", "QEMU is not installed");
  await checkImage(spec);
  const { base, outfit } = await scripts.prepare(spec, paths, start);
  await prepareMachine(spec, paths, programs, base);
  const prepared = await outfitMachine(around, spec, paths, start.note, outfit);
  return {
    start: { accel: start.accel, customized: base, additions: prepared.arguments },
    wrap: prepared.wrap,
  };
}
