import type { PixelFormat } from "../pixel-format.ts";

/** What a pixel format means for the lengths in a server's stream, in bytes. */
export interface PixelLengths {
  readonly pixel: number;
  /** A pixel in Tight; null where the implementations do not agree, so that such a rectangle cannot be followed. */
  readonly tightPixel: number | null;
}

/** 32-bit pixels, as in a cursor with alpha: no Tight there. */
export const ALPHA_PIXELS: PixelLengths = { pixel: 4, tightPixel: null };

export function measurePixels(format: PixelFormat): PixelLengths {
  const pixel = format.bitsPerPixel / 8;
  return { pixel, tightPixel: measureTightPixel(format, pixel) };
}

export function isSameLength(one: PixelLengths, other: PixelLengths): boolean {
  return one.pixel === other.pixel && one.tightPixel === other.tightPixel;
}

/**
 * Three bytes for 24 bits of true colour in 32. Some servers ask for a depth of 24 or for shifts of whole bytes too
 * and others do not.
 */
function measureTightPixel(format: PixelFormat, pixel: number): number | null {
  if (pixel !== 4) return pixel;
  const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format;
  if ([redMax, greenMax, blueMax].some((max) => max !== 255)) return format.trueColour ? 4 : null;
  const whole = [redShift, greenShift, blueShift].every((shift) => shift % 8 === 0);
  return format.trueColour && format.depth === 24 && whole ? 3 : null;
}
