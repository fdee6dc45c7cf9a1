// The program of the screenshot worker's thread.
import { parentPort } from "node:worker_threads";
import { PNG } from "pngjs";
import { measureLitRatio, measureNonBlackRatio, scaleDown } from "./scale-screenshot.ts";

export interface ScreenshotJob {
  readonly id: number;
  readonly png: Uint8Array;
  /** Pixels. */
  readonly maxWidth: number;
}

export interface ScreenRatios {
  /** The share of the screen that is not black, 0 to 1. */
  readonly nonBlackRatio: number;
  /** The share that is lit at all. */
  readonly litRatio: number;
}

export type ScreenshotJobResult =
  | ({ readonly id: number; readonly png: Uint8Array } & ScreenRatios)
  | { readonly id: number; readonly error: string };

parentPort?.on("message", (job: ScreenshotJob) => {
  parentPort?.postMessage(runJob(job));
});

function runJob({ id, png, maxWidth }: ScreenshotJob): ScreenshotJobResult {
  try {
    const scaled = scaleDown(PNG.sync.read(Buffer.from(png)), maxWidth);
    const output = new PNG({ width: scaled.width, height: scaled.height });
    output.data = Buffer.from(scaled.data);
    return {
      id,
      png: PNG.sync.write(output, { colorType: 2 }),
      nonBlackRatio: measureNonBlackRatio(scaled),
      litRatio: measureLitRatio(scaled),
    };
  } catch (error) {
    return { id, error: String(error) };
  }
}
