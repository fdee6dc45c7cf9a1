import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { LaunchError, type Clock, type Screenshot } from "../../protocol/index.ts";
import type { QmpClient } from "../qmp/qmp-client.ts";
import type { ScreenLook } from "./boot-detection.ts";
import type { ScreenshotWorker } from "./screenshot-worker.ts";
import { readPngSize } from "./scale-screenshot.ts";

/** One dump serves all requests within this time, in milliseconds. */
const FRESH_MS = 1000;
/** Pixels: enough to judge how much of a screen is drawn. */
const MEASURED_WIDTH = 160;

interface ScreenDump {
  readonly takenAt: number;
  readonly png: Promise<Buffer>;
  readonly scaled: Map<number, Promise<Screenshot>>;
}

/** Screenshots of one machine, by QMP `screendump`. */
export class Screenshotter {
  readonly #qmp: QmpClient;
  readonly #file: string;
  readonly #screenshotWorker: ScreenshotWorker;
  readonly #clock: Clock;
  #dumped: ScreenDump | undefined;

  /** @param file where QEMU writes the image: in the machine's own folder */
  constructor(
    qmp: QmpClient,
    file: string,
    { screenshotWorker, clock }: { readonly screenshotWorker: ScreenshotWorker; readonly clock: Clock },
  ) {
    this.#qmp = qmp;
    this.#file = file;
    this.#screenshotWorker = screenshotWorker;
    this.#clock = clock;
  }

  /**
   * The screen as it is, or was a second ago, at most `maxWidth` pixels wide.
   * @throws LaunchError `SCREENSHOT_FAILED`
   */
  take(maxWidth: number): Promise<Screenshot> {
    const dump = this.#current();
    let screenshot = dump.scaled.get(maxWidth);
    if (screenshot === undefined) {
      screenshot = dump.png.then((png) => this.#fit(png, maxWidth));
      dump.scaled.set(maxWidth, screenshot);
    }
    return screenshot;
  }

  /** What boot detection goes by. */
  async measure(): Promise<ScreenLook> {
    const { png, nonBlackRatio, litRatio } = await this.#screenshotWorker.scale(
      await this.#current().png,
      MEASURED_WIDTH,
    );
    return { nonBlackRatio, litRatio, picture: createHash("sha256").update(png).digest("base64") };
  }

  #current(): ScreenDump {
    const now = this.#clock.monotonic();
    if (this.#dumped !== undefined && now - this.#dumped.takenAt < FRESH_MS) return this.#dumped;
    const dump: ScreenDump = { takenAt: now, png: this.#dump(), scaled: new Map() };
    this.#dumped = dump;
    dump.png.catch(() => {
      if (this.#dumped === dump) this.#dumped = undefined;
    });
    return dump;
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
    const fitting = size.width <= maxWidth ? png : (await this.#screenshotWorker.scale(png, maxWidth)).png;
    return { png: fitting.toString("base64"), ...size };
  }
}
