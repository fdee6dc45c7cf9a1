import { existsSync } from "node:fs";
import { RequestError, type Screenshot } from "../../protocol/index.ts";
import { awaitBoot, type ScreenLook } from "../display/boot-detection.ts";
import { plugInDisplays } from "../display/plug-in-displays.ts";
import { Screenshotter } from "../display/screenshotter.ts";
import { listDisplayOutputs, type DisplayOutput, type MachineDisplay } from "../model/display-outputs.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { readVncSecret } from "../process/launch.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import type { MachineContext } from "./machine-context.ts";

/** The displays of one machine: where their VNC servers are, screenshots, and boot detection. */
export class DisplayWatcher {
  readonly #spec: MachineSpec;
  readonly #paths: MachinePaths;
  readonly #context: MachineContext;
  readonly #outputs: readonly DisplayOutput[];
  #screenshotter: Screenshotter | undefined;
  #displays: readonly MachineDisplay[] = [];
  #cancelBootDetection: (() => void) | undefined;

  constructor(spec: MachineSpec, paths: MachinePaths, context: MachineContext) {
    this.#spec = spec;
    this.#paths = paths;
    this.#context = context;
    this.#outputs = listDisplayOutputs(spec, paths);
  }

  /** The first is the machine's main one. */
  get displays(): readonly MachineDisplay[] {
    return this.#displays;
  }

  get #isHeadless(): boolean {
    return this.#outputs.length === 0;
  }

  /** @returns the displays that were not open before */
  async open(qmp: QmpClient): Promise<readonly MachineDisplay[]> {
    if (this.#isHeadless) return [];
    const { screenshotWorker, clock } = this.#context;
    this.#screenshotter = new Screenshotter(qmp, this.#paths.screenshot, { screenshotWorker, clock });
    if (this.#displays.length > 0) return [];
    const vncPassword = await readVncSecret(this.#paths);
    // A QEMU that an older launcher started has a VNC server for the first alone.
    this.#displays = this.#outputs
      .filter(({ socket }) => existsSync(socket))
      .map(({ name, socket: socketPath }) => ({ name, socketPath, vncPassword }));
    return this.#displays;
  }

  /** After a start, so that the guest finds all its monitors. Never rejects. */
  plugInDisplays(): Promise<void> {
    return plugInDisplays(this.#spec, this.#displays, this.#context);
  }

  /** @returns the displays that were open */
  close(): readonly MachineDisplay[] {
    this.#cancelBootDetection?.();
    this.#screenshotter = undefined;
    const closed = this.#displays;
    this.#displays = [];
    return closed;
  }

  /** @throws RequestError `MACHINE_NOT_RUNNING`, LaunchError `SCREENSHOT_FAILED` */
  takeScreenshot(maxWidth: number): Promise<Screenshot> {
    if (this.#screenshotter !== undefined) return this.#screenshotter.take(maxWidth);
    const text = this.#isHeadless
      ? "The machine has no screen of its own."
      : "The machine has no screen now. Start it first.";
    return Promise.reject(RequestError.public("MACHINE_NOT_RUNNING", text));
  }

  /** Calls once when the guest has drawn something or the wait has timed out; at once for a machine without a display. */
  awaitBoot(onDrawn: () => void): void {
    this.#cancelBootDetection?.();
    if (this.#isHeadless) {
      onDrawn();
      return;
    }
    const measure = (): Promise<ScreenLook> =>
      this.#screenshotter?.measure() ?? Promise.reject(new Error("the machine has no screen now"));
    this.#cancelBootDetection = awaitBoot(this.#context.clock, measure, onDrawn);
  }
}
