import { PNG } from "pngjs";
import type { PixelImage } from "../../../../launcher/display/scale-screenshot.ts";

/** @param grey the value of all four channels of a pixel */
export function paintImage(
  width: number,
  height: number,
  grey: (x: number, y: number) => number,
): PixelImage {
  const data = new Uint8Array(width * height * 4);
  for (let at = 0; at < width * height; at++)
    data.fill(grey(at % width, Math.floor(at / width)), at * 4, at * 4 + 4);
  return { width, height, data };
}

export function encodePng(image: PixelImage): Buffer {
  const png = new PNG({ width: image.width, height: image.height });
  png.data = Buffer.from(image.data);
  return PNG.sync.write(png);
}
