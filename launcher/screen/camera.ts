import { readFile } from "node:fs/promises";
import { LaunchError, type Clock, type Screenshot } from "../../protocol/index.ts";
import type { QmpClient } from "../qmp/client.ts";
import type { Darkroom } from "./darkroom.ts";
import { readPngSize } from "./png-size.ts";

/** One dump serves everybody who asks within this time, in milliseconds. */
const FRESH_MS = 1000;

interface Shot {
  readonly takenAt: number;
  readonly png: Promise<Buffer>;
  readonly scaled: Map<number, Promise<Screenshot>>;
}

/** Pictures of one machine's screen, by QMP `screendump`. */
export class Camera {
  readonly #qmp: QmpClient;
  readonly #file: string;
  readonly #darkroom: Darkroom;
  readonly #clock: Clock;
  #shot: Shot | undefined;

  /** @param file where QEMU writes the picture: in the machine's own folder */
  constructor(qmp: QmpClient, file: string, darkroom: Darkroom, clock: Clock) {
    this.#qmp = qmp;
    this.#file = file;
    this.#darkroom = darkroom;
    this.#clock = clock;
  }

  /**
   * The screen as it is, or was a second ago, at most `maxWidth` pixels wide.
   * @throws LaunchError `SCREENSHOT_FAILED`
   */
  take(maxWidth: number): Promise<Screenshot> {
    const shot = this.#current();
    let screenshot = shot.scaled.get(maxWidth);
    if (screenshot === undefined) {
      screenshot = shot.png.then((png) => this.#fit(png, maxWidth));
      shot.scaled.set(maxWidth, screenshot);
    }
    return screenshot;
  }

  /** The share of the screen that is not black, 0 to 1. */
  async measureLight(): Promise<number> {
    const { light } = await this.#darkroom.develop(await this.#current().png, 160);
    return light;
  }

  #current(): Shot {
    const now = this.#clock.monotonic();
    if (this.#shot !== undefined && now - this.#shot.takenAt < FRESH_MS) return this.#shot;
    const shot: Shot = { takenAt: now, png: this.#dump(), scaled: new Map() };
    this.#shot = shot;
    shot.png.catch(() => {
      if (this.#shot === shot) this.#shot = undefined;
    });
    return shot;
  }

  async #dump(): Promise<Buffer> {
    try {
      await this.#qmp.execute("screendump", { filename: this.#file, format: "png" });
      return await readFile(this.#file);
    } catch (cause) {
      throw new LaunchError("SCREENSHOT_FAILED", "screendump failed", {
        cause,
        safeMessage: "The machine's screen could not be read.",
      });
    }
  }

  async #fit(png: Buffer, maxWidth: number): Promise<Screenshot> {
    const size = readPngSize(png);
    if (size === null) {
      throw new LaunchError("SCREENSHOT_FAILED", "screendump wrote no PNG", {
        safeMessage: "The machine's screen could not be read.",
      });
    }
    const fitting = size.width <= maxWidth ? png : (await this.#darkroom.develop(png, maxWidth)).png;
    return { png: fitting.toString("base64"), ...size };
  }
}
