import { existsSync } from "node:fs";
import { RequestError, type Screenshot } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { listDisplayOutputs, type DisplayOutput, type MachineDisplay } from "../model/display-outputs.ts";
import { readVncSecret } from "../process/launch.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import { Screenshotter } from "../display/screenshotter.ts";
import { awaitBoot } from "../display/boot-detection.ts";
import { plugInDisplays } from "../display/plug-in-displays.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { MachineContext } from "./machine-context.ts";

/** What is seen of one machine: its VNC servers, and pictures of its screen. */
export class DisplayWatcher {
  readonly #spec: MachineSpec;
  readonly #paths: MachinePaths;
  readonly #context: MachineContext;
  readonly #outputs: readonly DisplayOutput[];
  #screenshotter: Screenshotter | undefined;
  #displays: readonly MachineDisplay[] = [];
  #cancelBootDetection: (() => void) | undefined;

  constructor(spec: MachineSpec, paths: MachinePaths, around: MachineContext) {
    this.#spec = spec;
    this.#paths = paths;
    this.#context = around;
    this.#outputs = listDisplayOutputs(spec, paths);
  }

  /** The first is the machine's main one. */
  get displays(): readonly MachineDisplay[] {
    return this.#displays;
  }

  get #isHeadless(): boolean {
    return this.#outputs.length === 0;
  }

  /** @returns whether there are screens now where there were none */
  async open(qmp: QmpClient): Promise<boolean> {
    if (this.#isHeadless) return false;
    this.#screenshotter = new Screenshotter(
      qmp,
      this.#paths.screenshot,
      this.#context.imageScaler,
      this.#context.clock,
    );
    if (this.#displays.length > 0) return false;
    const vncPassword = await readVncSecret(this.#paths);
    // A QEMU that an older launcher started shows the first alone.
    this.#displays = this.#outputs
      .filter(({ socket }) => existsSync(socket))
      .map(({ name, socket: socketPath }) => ({ name, socketPath, vncPassword }));
    return true;
  }

  /** After a start: the guest is to find all its monitors. Never rejects. */
  plugInDisplays(): Promise<void> {
    return plugInDisplays(this.#spec, this.#displays, this.#context);
  }

  /** @returns the screens that are gone */
  close(): readonly MachineDisplay[] {
    this.#cancelBootDetection?.();
    this.#screenshotter = undefined;
    const gone = this.#displays;
    this.#displays = [];
    return gone;
  }

  /** @throws RequestError `MACHINE_NOT_RUNNING`, LaunchError `SCREENSHOT_FAILED` */
  takeScreenshot(maxWidth: number): Promise<Screenshot> {
    if (this.#screenshotter !== undefined) return this.#screenshotter.take(maxWidth);
    const text = this.#isHeadless
      ? "The machine has no screen of its own."
      : "The machine has no screen now. Start it first.";
    return Promise.reject(RequestError.public("MACHINE_NOT_RUNNING", text));
  }

  /** Calls once when the guest has drawn something, or has had long enough; at once where there is nothing to see. */
  awaitBoot(onDrawn: () => void): void {
    this.#cancelBootDetection?.();
    if (this.#isHeadless) {
      onDrawn();
      return;
    }
    const measure = (): Promise<number> => this.#screenshotter?.measureNonBlackRatio() ?? Promise.resolve(0);
    this.#cancelBootDetection = awaitBoot(this.#context.clock, measure, onDrawn);
  }
}
