import { existsSync } from "node:fs";
import { RequestError, type Screenshot } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import { headsOf, type Head } from "../argv/heads.ts";
import type { MachineScreen } from "../launcher.ts";
import { readVncSecret } from "../process/launch.ts";
import type { QmpClient } from "../qmp/client.ts";
import { Camera } from "../screen/camera.ts";
import { awaitFirstLight } from "../screen/first-light.ts";
import { plugInFurther } from "../screen/plug-in.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import type { Surroundings } from "./surroundings.ts";

/** What is seen of one machine: its VNC servers, and pictures of its screen. */
export class Eye {
  readonly #spec: MachineSpec;
  readonly #paths: MachinePaths;
  readonly #around: Surroundings;
  readonly #heads: readonly Head[];
  #camera: Camera | undefined;
  #screens: readonly MachineScreen[] = [];
  #cancelLight: (() => void) | undefined;

  constructor(spec: MachineSpec, paths: MachinePaths, around: Surroundings) {
    this.#spec = spec;
    this.#paths = paths;
    this.#around = around;
    this.#heads = headsOf(spec, paths);
  }

  /** The first is the machine's main one. */
  get screens(): readonly MachineScreen[] {
    return this.#screens;
  }

  get #blind(): boolean {
    return this.#heads.length === 0;
  }

  /** @returns whether there are screens now where there were none */
  async open(qmp: QmpClient): Promise<boolean> {
    if (this.#blind) return false;
    this.#camera = new Camera(qmp, this.#paths.picture, this.#around.darkroom, this.#around.clock);
    if (this.#screens.length > 0) return false;
    const vncPassword = await readVncSecret(this.#paths);
    // A QEMU that an older launcher started shows the first alone.
    this.#screens = this.#heads
      .filter(({ socket }) => existsSync(socket))
      .map(({ name, socket: socketPath }) => ({ name, socketPath, vncPassword }));
    return true;
  }

  /** After a start: the guest is to find all its monitors. Never rejects. */
  plugIn(): Promise<void> {
    return plugInFurther(this.#spec, this.#screens, this.#around);
  }

  /** @returns the screens that are gone */
  close(): readonly MachineScreen[] {
    this.#cancelLight?.();
    this.#camera = undefined;
    const gone = this.#screens;
    this.#screens = [];
    return gone;
  }

  /** @throws RequestError `MACHINE_NOT_RUNNING`, LaunchError `SCREENSHOT_FAILED` */
  take(maxWidth: number): Promise<Screenshot> {
    if (this.#camera !== undefined) return this.#camera.take(maxWidth);
    const text = this.#blind
      ? "The machine has no screen of its own."
      : "The machine has no screen now. Start it first.";
    return Promise.reject(new RequestError("MACHINE_NOT_RUNNING", text, { safeMessage: text }));
  }

  /** Calls once when the guest has drawn something, or has had long enough; at once where there is nothing to see. */
  awaitLight(onDrawn: () => void): void {
    this.#cancelLight?.();
    if (this.#blind) {
      onDrawn();
      return;
    }
    const measure = (): Promise<number> => this.#camera?.measureLight() ?? Promise.resolve(0);
    this.#cancelLight = awaitFirstLight(this.#around.clock, measure, onDrawn);
  }
}
