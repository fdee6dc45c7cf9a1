import type { PixelFormat } from "../pixel-format.ts";

/** The lengths in a server's stream that follow from a pixel format, in bytes. */
export interface PixelLengths {
  readonly pixel: number;
  /** A pixel in Tight. Null: implementations differ, so that such a rectangle cannot be followed. */
  readonly tightPixel: number | null;
}

/** 32-bit pixels, as in a cursor with alpha. Tight is not used there. */
export const ALPHA_PIXELS: PixelLengths = { pixel: 4, tightPixel: null };

export function measurePixels(format: PixelFormat): PixelLengths {
  const pixel = format.bitsPerPixel / 8;
  return { pixel, tightPixel: measureTightPixel(format, pixel) };
}

export function isSameLength(one: PixelLengths, other: PixelLengths): boolean {
  return one.pixel === other.pixel && one.tightPixel === other.tightPixel;
}

/**
 * 3 bytes for 24 bits of true colour in 32. Some servers also require a depth of 24 or byte-aligned shifts,
 * others do not.
 */
function measureTightPixel(format: PixelFormat, pixel: number): number | null {
  if (pixel !== 4) return pixel;
  const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format;
  if ([redMax, greenMax, blueMax].some((max) => max !== 255)) return format.trueColour ? 4 : null;
  const whole = [redShift, greenShift, blueShift].every((shift) => shift % 8 === 0);
  return format.trueColour && format.depth === 24 && whole ? 3 : null;
}
