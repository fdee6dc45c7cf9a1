import { RequestError, type Clock, type Screenshot } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineScreen } from "../launcher.ts";
import { readVncSecret } from "../process/launch.ts";
import type { QmpClient } from "../qmp/client.ts";
import { Camera } from "../screen/camera.ts";
import type { Darkroom } from "../screen/darkroom.ts";
import { awaitFirstLight } from "../screen/first-light.ts";

/** What is seen of one machine: its VNC server, and pictures of its screen. */
export class Eye {
  readonly #paths: MachinePaths;
  readonly #darkroom: Darkroom;
  readonly #clock: Clock;
  readonly #blind: boolean;
  #camera: Camera | undefined;
  #screen: MachineScreen | undefined;
  #cancelLight: (() => void) | undefined;

  /** @param blind the machine has no screen of QEMU's */
  constructor(paths: MachinePaths, darkroom: Darkroom, clock: Clock, blind: boolean) {
    this.#paths = paths;
    this.#darkroom = darkroom;
    this.#clock = clock;
    this.#blind = blind;
  }

  get screen(): MachineScreen | undefined {
    return this.#screen;
  }

  /** @returns whether there is a screen now where there was none */
  async open(qmp: QmpClient): Promise<boolean> {
    if (this.#blind) return false;
    this.#camera = new Camera(qmp, this.#paths.picture, this.#darkroom, this.#clock);
    if (this.#screen !== undefined) return false;
    this.#screen = { socketPath: this.#paths.vncSocket, vncPassword: await readVncSecret(this.#paths) };
    return true;
  }

  /** @returns whether a screen is gone that was there */
  close(): boolean {
    this.#cancelLight?.();
    this.#camera = undefined;
    const was = this.#screen !== undefined;
    this.#screen = undefined;
    return was;
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
    this.#cancelLight = awaitFirstLight(this.#clock, measure, onDrawn);
  }
}
