import { type RgbColour, Bitmap } from "../bitmap.ts";

/** The outer bars: where the desktop begins and ends in a larger picture. No viewer has this colour of its own. */
const EDGE: RgbColour = [0xd0, 0x20, 0xa0];
const ZERO: RgbColour = [0x20, 0x60, 0xc0];
const ONE: RgbColour = [0xc0, 0x80, 0x20];
export const BAR_PALETTE: readonly RgbColour[] = [EDGE, ZERO, ONE];
const BITS = 6;
/** JPEG, and 6-bit palettes, are not exact. */
const TOLERANCE = 24;

/** What one VNC server of the matrix shows, as indexes into the palette: six bits of its number between two edges. */
export function drawBars(number: number): number[] {
  const bits = Array.from({ length: BITS }, (_, index) => 1 + ((number >> (BITS - 1 - index)) & 1));
  return [0, ...bits, 0];
}

export function listBarColours(number: number): RgbColour[] {
  return drawBars(number).map((index) => BAR_PALETTE[index]!);
}

/** A whole desktop of them. */
export function paintBars(
  number: number,
  { width, height }: { readonly width: number; readonly height: number },
): Bitmap {
  const colours = listBarColours(number);
  const picture = new Bitmap(width, height, Buffer.alloc(4 * width * height, 255));
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const colour = colours[Math.floor((pixel % width) / (width / colours.length))]!;
    picture.data.set(colour, 4 * pixel);
  }
  return picture;
}

/** What of a desktop was found in a picture. */
export interface BarsMatch {
  readonly width: number;
  readonly height: number;
  /** The part of its pixels that have the right colour, 0 to 1. */
  readonly right: number;
}

/** Looks for the bars of this number, wherever they are; undefined where no desktop of the matrix is. */
export function findBars(picture: Bitmap, number: number): BarsMatch | undefined {
  let [left, top, last, bottom] = [picture.width, picture.height, -1, -1];
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < picture.width; x += 1) {
      if (!isClose(picture, x, y, EDGE)) continue;
      [left, last] = [Math.min(left, x), Math.max(last, x)];
      [top, bottom] = [Math.min(top, y), y];
    }
  }
  if (last < 0) return undefined;
  const [width, height] = [last - left + 1, bottom - top + 1];
  const colours = listBarColours(number);
  let right = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const expected = colours[Math.floor((x * colours.length) / width)]!;
      if (isClose(picture, left + x, top + y, expected)) right += 1;
    }
  }
  return { width, height, right: right / (width * height) };
}

/** Many pixels are asked about: nothing is allocated here. */
function isClose({ data, width }: Bitmap, x: number, y: number, [red, green, blue]: RgbColour): boolean {
  const at = 4 * (y * width + x);
  return (
    Math.abs(data[at]! - red) <= TOLERANCE &&
    Math.abs(data[at + 1]! - green) <= TOLERANCE &&
    Math.abs(data[at + 2]! - blue) <= TOLERANCE
  );
}
