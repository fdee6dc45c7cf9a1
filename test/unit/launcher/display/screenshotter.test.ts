import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ScreenshotWorker } from "../../../../launcher/display/screenshot-worker.ts";
import { readPngSize } from "../../../../launcher/display/scale-screenshot.ts";
import { Screenshotter } from "../../../../launcher/display/screenshotter.ts";
import type { QmpClient } from "../../../../launcher/qmp/qmp-client.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { encodePng, paintImage } from "./test-images.ts";

describe("the screenshotter", () => {
  let folder: string;
  let clock: ManualClock;
  let scaler: ScreenshotWorker;
  let execute: ReturnType<typeof vi.fn<(command: string) => Promise<unknown>>>;
  let screenshotter: Screenshotter;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pt-"));
    clock = new ManualClock();
    scaler = new ScreenshotWorker();
    const file = join(folder, "screen.png");
    execute = vi.fn(() => writeFile(file, encodePng(paintImage(640, 400, () => 77))));
    screenshotter = new Screenshotter({ execute } as unknown as QmpClient, file, {
      screenshotWorker: scaler,
      clock,
    });
  });
  afterEach(async () => {
    await scaler.close();
    await rm(folder, { recursive: true });
  });

  test("one dump serves many for a second", async () => {
    const shots = await Promise.all([
      screenshotter.take(320),
      screenshotter.take(320),
      screenshotter.take(64),
      screenshotter.take(4096),
    ]);
    expect(execute).toHaveBeenCalledTimes(1);
    expect(shots.map(({ png }) => readPngSize(Buffer.from(png, "base64"))!.width)).toEqual([
      320, 320, 64, 640,
    ]);
    for (const { width, height } of shots) expect([width, height]).toEqual([640, 400]);
    clock.advance(999);
    await screenshotter.take(320);
    expect(execute).toHaveBeenCalledTimes(1);
    clock.advance(1);
    await screenshotter.take(320);
    expect(execute).toHaveBeenCalledTimes(2);
  });

  test("a failure is told and not kept", async () => {
    execute.mockRejectedValueOnce(new Error("busy"));
    await expect(screenshotter.take(320)).rejects.toMatchObject({ code: "SCREENSHOT_FAILED" });
    await expect(screenshotter.take(320)).resolves.toMatchObject({ width: 640 });
  });
});
