// The program of the screenshot worker's thread.
import { parentPort } from "node:worker_threads";
import { PNG } from "pngjs";
import { measureNonBlackRatio, scaleDown } from "./scale-screenshot.ts";

export interface ScreenshotJob {
  readonly id: number;
  readonly png: Uint8Array;
  /** Pixels. */
  readonly maxWidth: number;
}

export type ScreenshotJobResult =
  | { readonly id: number; readonly png: Uint8Array; readonly nonBlackRatio: number }
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
    };
  } catch (error) {
    return { id, error: String(error) };
  }
}
