import { describe, expect, test } from "vitest";
import {
  measureLitRatio,
  measureNonBlackRatio,
  scaleDown,
} from "../../../../launcher/display/scale-screenshot.ts";
import { paintImage } from "./test-images.ts";

describe("scaling", () => {
  test("each pixel is the mean of those it stands for", () => {
    const small = scaleDown(
      paintImage(4, 4, (x) => (x < 2 ? 100 : 200)),
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
      paintImage(width, height, () => 9),
      maxWidth,
    );
    expect([small.width, small.height]).toEqual([Math.min(width, maxWidth), expected]);
    expect(small.data[0]).toBe(9);
  });

  test("light is the share of pixels that are not black", () => {
    expect(measureNonBlackRatio(paintImage(10, 10, (x) => (x < 3 ? 200 : 30)))).toBeCloseTo(0.3);
    expect(measureLitRatio(paintImage(10, 10, (x) => (x < 3 ? 30 : 5)))).toBeCloseTo(0.3);
    expect(measureNonBlackRatio({ width: 0, height: 0, data: new Uint8Array(0) })).toBe(0);
  });
});
