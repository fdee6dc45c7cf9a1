import { readFile } from "node:fs/promises";
import { LaunchError, type Clock, type Screenshot } from "../../protocol/index.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import type { ImageScaler } from "./image-scaler.ts";
import { readPngSize } from "./png-size.ts";

/** One dump serves everybody who asks within this time, in milliseconds. */
const FRESH_MS = 1000;

interface ScreenDump {
  readonly takenAt: number;
  readonly png: Promise<Buffer>;
  readonly scaled: Map<number, Promise<Screenshot>>;
}

/** Pictures of one machine's screen, by QMP `screendump`. */
export class Screenshotter {
  readonly #qmp: QmpClient;
  readonly #file: string;
  readonly #scaler: ImageScaler;
  readonly #clock: Clock;
  #dumped: ScreenDump | undefined;

  /** @param file where QEMU writes the picture: in the machine's own folder */
  constructor(qmp: QmpClient, file: string, darkroom: ImageScaler, clock: Clock) {
    this.#qmp = qmp;
    this.#file = file;
    this.#scaler = darkroom;
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
  async measureNonBlackRatio(): Promise<number> {
    const { nonBlackRatio: light } = await this.#scaler.scale(await this.#current().png, 160);
    return light;
  }

  #current(): ScreenDump {
    const now = this.#clock.monotonic();
    if (this.#dumped !== undefined && now - this.#dumped.takenAt < FRESH_MS) return this.#dumped;
    const shot: ScreenDump = { takenAt: now, png: this.#dump(), scaled: new Map() };
    this.#dumped = shot;
    shot.png.catch(() => {
      if (this.#dumped === shot) this.#dumped = undefined;
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
    const fitting = size.width <= maxWidth ? png : (await this.#scaler.scale(png, maxWidth)).png;
    return { png: fitting.toString("base64"), ...size };
  }
}
