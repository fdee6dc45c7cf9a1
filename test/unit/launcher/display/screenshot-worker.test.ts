import { PNG } from "pngjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ScreenshotWorker } from "../../../../launcher/display/screenshot-worker.ts";
import { readPngSize } from "../../../../launcher/display/scale-screenshot.ts";
import { encodePng, paintImage } from "./test-images.ts";

describe("the image scaler", () => {
  let scaler: ScreenshotWorker;
  beforeEach(() => {
    scaler = new ScreenshotWorker();
  });
  afterEach(() => scaler.close());

  test("scales and measures beside the main thread", async () => {
    const { png, nonBlackRatio } = await scaler.scale(
      encodePng(paintImage(640, 480, (x) => (x < 320 ? 0 : 255))),
      32,
    );
    expect(readPngSize(png)).toEqual({ width: 32, height: 24 });
    expect(nonBlackRatio).toBeCloseTo(0.5);
    expect(PNG.sync.read(png).data[31 * 4]).toBe(255);
  });

  test("survives what is no picture, and says no when closed", async () => {
    await expect(scaler.scale(Buffer.from("no"), 32)).rejects.toThrow();
    await scaler.scale(encodePng(paintImage(2, 2, () => 0)), 32);
    await scaler.close();
    await expect(scaler.scale(Buffer.alloc(0), 32)).rejects.toThrow(/closed/);
  });
});
