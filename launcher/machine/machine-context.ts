import type { Logger } from "pino";
import type { Architecture, Clock, Accel } from "../../protocol/index.ts";
import type { MachineDisplay } from "../model/display-outputs.ts";
import type { LaunchExtension } from "../process/launch-extension.ts";
import type { QemuPrograms } from "../system/qemu-programs.ts";
import type { QemuAccount } from "../process/qemu-account.ts";
import type { BootScripts } from "../process/boot-scripts.ts";
import type { ImageScaler } from "../display/image-scaler.ts";
import type { ManagedMachine } from "./managed-machine.ts";

/** What a machine needs of the launcher that it lives in. */
export interface MachineContext {
  readonly programs: QemuPrograms | null;
  /** What is added to every start, in this order. */
  readonly outfitters: readonly LaunchExtension[];
  /** Who QEMU is. */
  readonly account: QemuAccount;
  readonly scripts: BootScripts;
  readonly stopGraceMs: number;
  readonly imageScaler: ImageScaler;
  readonly clock: Clock;
  readonly log: Logger;
  /** Chosen by the administrator, or found by the probe; a foreign architecture is always emulated. */
  chooseAccel(arch: Architecture): Promise<Accel>;
  /** Called after every change of state, when it is on disk. */
  onState(machine: ManagedMachine): void;
  /** Called when the work on it has come further, or is over. */
  onProgress(machine: ManagedMachine): void;
  onDisplaysOpened(machine: ManagedMachine): void;
  onDisplayClosed(machine: ManagedMachine, screen: MachineDisplay): void;
}
