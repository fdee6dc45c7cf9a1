import type { StateReason } from "../model/lifecycle.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { Command } from "../system/child-process.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";

/** What an extension adds to one start of a machine. */
export interface LaunchContribution {
  /** For QEMU. Ids must be the extension's own. */
  readonly arguments?: readonly string[];
  /** Changes how QEMU is started. The command must end in QEMU by `exec`, so that the process id stays. */
  readonly wrap?: (command: Command) => Command;
  /** Files of the launcher that QEMU only reads. */
  readonly read?: readonly string[];
  /** Files of the launcher that QEMU writes to. */
  readonly written?: readonly string[];
  /** Folders of the launcher above these files, besides the machine's own. */
  readonly traversableFolders?: readonly string[];
  /** What the machine has to do without; people see it as long as it runs. */
  readonly remark?: StateReason;
}

/** Something that a machine gets besides QEMU itself: its network, its TPM, its shared folders, … */
export interface LaunchExtension {
  /**
   * Prepares a start.
   * @param registerHelper to be called at once with every process that was started and must end with the machine
   * @throws LaunchError with a sentence for people: the start is given up, and `release` follows
   */
  prepare(
    spec: MachineSpec,
    paths: MachinePaths,
    registerHelper: (process: ProcessIdentity) => void,
  ): Promise<LaunchContribution>;
  /** QEMU answers, after a start or an adoption. May be called again for the same QEMU; never rejects. */
  onRunning?(spec: MachineSpec, paths: MachinePaths, qemu: ProcessIdentity): Promise<void>;
  /** QEMU has ended, perhaps under an earlier launcher: returns what a start took. May be called twice; never rejects. */
  release(spec: MachineSpec, paths: MachinePaths): Promise<void>;
}
