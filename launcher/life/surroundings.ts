import type { Logger } from "pino";
import type { Architecture, Clock } from "../../protocol/index.ts";
import type { Accel } from "../argv/argv.ts";
import type { MachineScreen } from "../launcher.ts";
import type { Outfitter } from "../process/outfit.ts";
import type { Programs } from "../process/programs.ts";
import type { QemuAccount } from "../process/qemu-account.ts";
import type { BootScripts } from "../scripts/index.ts";
import type { Darkroom } from "../screen/darkroom.ts";
import type { Machine } from "./machine.ts";

/** What a machine needs of the launcher that it lives in. */
export interface Surroundings {
  readonly programs: Programs | null;
  /** What is added to every start, in this order. */
  readonly outfitters: readonly Outfitter[];
  /** Who QEMU is. */
  readonly account: QemuAccount;
  readonly scripts: BootScripts;
  readonly stopGraceMs: number;
  readonly darkroom: Darkroom;
  readonly clock: Clock;
  readonly log: Logger;
  /** Chosen by the administrator, or found by the probe; a foreign architecture is always emulated. */
  chooseAccel(arch: Architecture): Promise<Accel>;
  /** Called after every change of state, when it is on disk. */
  onState(machine: Machine): void;
  /** Called when the work on it has come further, or is over. */
  onProgress(machine: Machine): void;
  onScreen(machine: Machine): void;
  onScreenGone(machine: Machine, screen: MachineScreen): void;
}
