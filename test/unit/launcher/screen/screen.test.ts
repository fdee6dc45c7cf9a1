import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { QmpClient } from "../../../../launcher/qmp/qmp-client.ts";
import { Screenshotter } from "../../../../launcher/display/screenshotter.ts";
import { ImageScaler } from "../../../../launcher/display/image-scaler.ts";
import { awaitBoot } from "../../../../launcher/display/boot-detection.ts";
import { readPngSize } from "../../../../launcher/display/png-size.ts";
import { measureLight, scaleDown, type PixelImage } from "../../../../launcher/display/pixel-scaling.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function paint(width: number, height: number, grey: (x: number, y: number) => number): PixelImage {
  const data = new Uint8Array(width * height * 4);
  for (let at = 0; at < width * height; at++)
    data.fill(grey(at % width, Math.floor(at / width)), at * 4, at * 4 + 4);
  return { width, height, data };
}

function encode(picture: PixelImage): Buffer {
  const png = new PNG({ width: picture.width, height: picture.height });
  png.data = Buffer.from(picture.data);
  return PNG.sync.write(png);
}

describe("scaling", () => {
  test("each pixel is the mean of those it stands for", () => {
    const small = scaleDown(
      paint(4, 4, (x) => (x < 2 ? 100 : 200)),
      2,
    );
    expect([small.width, small.height]).toEqual([2, 2]);
    expect([...small.data]).toEqual([
      100, 100, 100, 255, 200, 200, 200, 255, 100, 100, 100, 255, 200, 200, 200, 255,
    ]);
  });

  test.each([
    [1280, 800, 320, 200],
    [720, 400, 320, 178],
    [1001, 3, 10, 1],
    [320, 200, 320, 200],
    [100, 50, 320, 50],
  ])("%i x %i to %i", (width, height, maxWidth, expected) => {
    const small = scaleDown(
      paint(width, height, () => 9),
      maxWidth,
    );
    expect([small.width, small.height]).toEqual([Math.min(width, maxWidth), expected]);
    expect(small.data[0]).toBe(9);
  });

  test("light is the share of pixels that are not black", () => {
    expect(measureLight(paint(10, 10, (x) => (x < 3 ? 200 : 30)))).toBeCloseTo(0.3);
    expect(measureLight({ width: 0, height: 0, data: new Uint8Array(0) })).toBe(0);
  });
});

describe("the darkroom", () => {
  let darkroom: ImageScaler;
  beforeEach(() => {
    darkroom = new ImageScaler();
  });
  afterEach(() => darkroom.close());

  test("scales and measures beside the main thread", async () => {
    const { png, nonBlackRatio: light } = await darkroom.scale(
      encode(paint(640, 480, (x) => (x < 320 ? 0 : 255))),
      32,
    );
    expect(readPngSize(png)).toEqual({ width: 32, height: 24 });
    expect(light).toBeCloseTo(0.5);
    expect(PNG.sync.read(png).data[31 * 4]).toBe(255);
  });

  test("survives what is no picture, and says no when closed", async () => {
    await expect(darkroom.scale(Buffer.from("no"), 32)).rejects.toThrow();
    await darkroom.scale(encode(paint(2, 2, () => 0)), 32);
    await darkroom.close();
    await expect(darkroom.scale(Buffer.alloc(0), 32)).rejects.toThrow(/closed/);
  });
});

describe("the camera", () => {
  let folder: string;
  let clock: ManualClock;
  let darkroom: ImageScaler;
  let execute: ReturnType<typeof vi.fn<(command: string) => Promise<unknown>>>;
  let camera: Screenshotter;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pt-"));
    clock = new ManualClock();
    darkroom = new ImageScaler();
    const file = join(folder, "screen.png");
    execute = vi.fn(() => writeFile(file, encode(paint(640, 400, () => 77))));
    camera = new Screenshotter({ execute } as unknown as QmpClient, file, darkroom, clock);
  });
  afterEach(async () => {
    await darkroom.close();
    await rm(folder, { recursive: true });
  });

  test("one dump serves many for a second", async () => {
    const shots = await Promise.all([camera.take(320), camera.take(320), camera.take(64), camera.take(4096)]);
    expect(execute).toHaveBeenCalledTimes(1);
    expect(shots.map(({ png }) => readPngSize(Buffer.from(png, "base64"))!.width)).toEqual([
      320, 320, 64, 640,
    ]);
    for (const { width, height } of shots) expect([width, height]).toEqual([640, 400]);
    clock.advance(999);
    await camera.take(320);
    expect(execute).toHaveBeenCalledTimes(1);
    clock.advance(1);
    await camera.take(320);
    expect(execute).toHaveBeenCalledTimes(2);
  });

  test("a failure is told and not kept", async () => {
    execute.mockRejectedValueOnce(new Error("busy"));
    await expect(camera.take(320)).rejects.toMatchObject({ code: "SCREENSHOT_FAILED" });
    await expect(camera.take(320)).resolves.toMatchObject({ width: 640 });
  });
});

describe("first light", () => {
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  test("is seen at the first look after the guest drew", async () => {
    const clock = new ManualClock();
    const onDrawn = vi.fn();
    let light = 0.02;
    awaitBoot(clock, () => Promise.resolve(light), onDrawn);
    await settle();
    clock.advance(1000);
    await settle();
    expect(onDrawn).not.toHaveBeenCalled();
    light = 0.3;
    clock.advance(1000);
    await settle();
    expect(onDrawn).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  test("a dark guest counts after two minutes, a given-up one never", async () => {
    const clock = new ManualClock();
    const [dark, givenUp] = [vi.fn(), vi.fn()];
    awaitBoot(clock, () => Promise.reject(new Error("no screen")), dark);
    awaitBoot(clock, () => Promise.resolve(1), givenUp)();
    for (let second = 0; second < 119; second++) {
      await settle();
      clock.advance(1000);
    }
    await settle();
    expect(dark).not.toHaveBeenCalled();
    clock.advance(1000);
    await settle();
    expect(dark).toHaveBeenCalledOnce();
    expect(givenUp).not.toHaveBeenCalled();
  });
});
