/** Pixels as RGBA bytes, rows from the top. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A channel above this value counts as not black. */
const BLACK_LIMIT = 40;
/** The same for letters, which are dim when a screen is scaled down. */
const DARK_LIMIT = 8;

/** Width and height from a PNG's header, in pixels; null if it is no PNG. */
export function readPngSize(png: Buffer): { width: number; height: number } | null {
  if (png.length < 24 || !png.subarray(0, 8).equals(PNG_SIGNATURE)) return null;
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

/** Scales down to `maxWidth` pixels, each the mean of the pixels that it replaces; smaller images stay as they are. */
export function scaleDown(image: PixelImage, maxWidth: number): PixelImage {
  if (image.width <= maxWidth) return image;
  const width = maxWidth;
  const height = Math.max(1, Math.round((image.height * maxWidth) / image.width));
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * image.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * image.height) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * image.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * image.width) / width));
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = top; row < bottom; row++) {
        let at = (row * image.width + left) * 4;
        for (let column = left; column < right; column++, at += 4) {
          red += image.data[at] ?? 0;
          green += image.data[at + 1] ?? 0;
          blue += image.data[at + 2] ?? 0;
        }
      }
      const count = (bottom - top) * (right - left);
      const to = (y * width + x) * 4;
      data[to] = red / count;
      data[to + 1] = green / count;
      data[to + 2] = blue / count;
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}

/** The share of pixels that are not black or nearly black, 0 to 1. */
export function measureNonBlackRatio(image: PixelImage): number {
  return measureRatio(image, BLACK_LIMIT);
}

/** The share of pixels with anything in them, 0 to 1: of a text console, where its letters are. */
export function measureLitRatio(image: PixelImage): number {
  return measureRatio(image, DARK_LIMIT);
}

function measureRatio(image: PixelImage, limit: number): number {
  let bright = 0;
  for (let at = 0; at + 3 < image.data.length; at += 4) {
    const brightest = Math.max(image.data[at] ?? 0, image.data[at + 1] ?? 0, image.data[at + 2] ?? 0);
    if (brightest > limit) bright++;
  }
  const pixels = image.width * image.height;
  return pixels === 0 ? 0 : bright / pixels;
}
