import type { Logger } from "pino";
import type { Accel, Architecture, Clock, MachineStatus } from "../../protocol/index.ts";
import type { ScreenshotWorker } from "../display/screenshot-worker.ts";
import type { MachineDisplay } from "../model/display-outputs.ts";
import type { LaunchContext } from "../process/launch.ts";

/** What a machine needs of its launcher. */
export interface MachineContext extends LaunchContext {
  /** Milliseconds between the power button and the kill. */
  readonly stopGraceMs: number;
  readonly screenshotWorker: ScreenshotWorker;
  readonly clock: Clock;
  readonly log: Logger;
  /** Chosen by the administrator, or found by the probe; a foreign architecture is always emulated. */
  chooseAccel(arch: Architecture): Promise<Accel>;
  /** Called after every change of state, when it is on disk. */
  onState(status: MachineStatus): void;
  /** Called when the progress of the work on a machine has changed. */
  onProgress(status: MachineStatus): void;
  onDisplayOpened(status: MachineStatus, display: MachineDisplay): void;
  onDisplayClosed(status: MachineStatus, display: MachineDisplay): void;
}
