import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { Command } from "../system/child-process.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import type { QemuAccount } from "./qemu-account.ts";

/** What one part beside the machine adds to one start of it. */
export interface LaunchContribution {
  /** For QEMU. Ids must be the part's own. */
  readonly arguments?: readonly string[];
  /** Changes how QEMU is started. The command must end in QEMU by `exec`, so that the process number stays. */
  readonly wrap?: (command: Command) => Command;
  /** Files of ours that QEMU only reads. */
  readonly read?: readonly string[];
  /** Files of ours that QEMU writes to. */
  readonly written?: readonly string[];
  /** Folders of ours that lead to them, beside the machine's own. */
  readonly traversableFolders?: readonly string[];
}

/** A part beside the machine: its network, its TPM, its shared folders, … */
export interface LaunchExtension {
  /**
   * Makes ready for a start.
   * @param note to be called with every process that was started and shall end with the machine, at once
   * @throws LaunchError with a sentence for people: the start is given up, and `release` follows
   */
  prepare(
    spec: MachineSpec,
    paths: MachinePaths,
    note: (process: ProcessIdentity) => void,
  ): Promise<LaunchContribution>;
  /** QEMU answers, after a start or an adoption. May be called again for the same QEMU; never rejects. */
  onRunning?(spec: MachineSpec, paths: MachinePaths, qemu: ProcessIdentity): Promise<void>;
  /** QEMU is gone, also under an earlier launcher: gives back what a start took. May be called twice; never rejects. */
  release(spec: MachineSpec, paths: MachinePaths): Promise<void>;
}

export interface ExtendedLaunch {
  readonly arguments: readonly string[];
  readonly wrap: (command: Command) => Command;
}

/**
 * Puts together what all parts add: the first is the nearest to QEMU, which gets its files last.
 * @param last what was made ready before: its drives come behind all others
 */
export async function applyLaunchExtensions(
  { outfitters, account }: { readonly outfitters: readonly LaunchExtension[]; readonly account: QemuAccount },
  spec: MachineSpec,
  paths: MachinePaths,
  note: (process: ProcessIdentity) => void,
  last: LaunchContribution,
): Promise<ExtendedLaunch> {
  const outfits: LaunchContribution[] = [];
  for (const outfitter of outfitters) outfits.push(await outfitter.prepare(spec, paths, note));
  outfits.push(last);
  await account.grantMachineFiles(spec, paths, {
    read: outfits.flatMap((outfit) => outfit.read ?? []),
    written: outfits.flatMap((outfit) => outfit.written ?? []),
    passages: outfits.flatMap((outfit) => outfit.traversableFolders ?? []),
  });
  return {
    arguments: outfits.flatMap((outfit) => outfit.arguments ?? []),
    wrap: (command) =>
      outfits.reduce((inner, { wrap }) => wrap?.(inner) ?? inner, account.wrapCommand(command)),
  };
}
