import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import type { ProcessIdentity } from "./proc-stat.ts";
import type { Command } from "./spawn-apart.ts";

/** What one part beside the machine adds to one start of it. */
export interface Outfit {
  /** For QEMU. Ids must be the part's own. */
  readonly arguments?: readonly string[];
  /** Changes how QEMU is started. The command must end in QEMU by `exec`, so that the process number stays. */
  readonly wrap?: (command: Command) => Command;
}

/** A part beside the machine: its network, its TPM, its shared folders, … */
export interface Outfitter {
  /**
   * Makes ready for a start.
   * @param note to be called with every process that was started and shall end with the machine, at once
   * @throws LaunchError with a sentence for people: the start is given up, and `release` follows
   */
  prepare(spec: MachineSpec, paths: MachinePaths, note: (process: ProcessIdentity) => void): Promise<Outfit>;
  /** QEMU is gone, also under an earlier launcher: gives back what a start took. May be called twice; never rejects. */
  release(spec: MachineSpec, paths: MachinePaths): Promise<void>;
}

/** Puts together what all parts add, in their order. */
export async function outfitMachine(
  outfitters: readonly Outfitter[],
  spec: MachineSpec,
  paths: MachinePaths,
  note: (process: ProcessIdentity) => void,
): Promise<Required<Outfit>> {
  const outfits: Outfit[] = [];
  for (const outfitter of outfitters) outfits.push(await outfitter.prepare(spec, paths, note));
  return {
    arguments: outfits.flatMap((outfit) => outfit.arguments ?? []),
    wrap: (command) => outfits.reduce((inner, { wrap }) => wrap?.(inner) ?? inner, command),
  };
}
