/** Pixels as RGBA bytes, rows from the top. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

// The functions of this file run in a worker that is made from their text: they may use nothing outside themselves.

/** Scales down to `maxWidth` pixels, each the mean of the pixels that it stands for; smaller pictures stay as they are. */
export function scaleDown(picture: PixelImage, maxWidth: number): PixelImage {
  if (picture.width <= maxWidth) return picture;
  const width = maxWidth;
  const height = Math.max(1, Math.round((picture.height * maxWidth) / picture.width));
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * picture.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * picture.height) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * picture.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * picture.width) / width));
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = top; row < bottom; row++) {
        let at = (row * picture.width + left) * 4;
        for (let column = left; column < right; column++, at += 4) {
          red += picture.data[at] ?? 0;
          green += picture.data[at + 1] ?? 0;
          blue += picture.data[at + 2] ?? 0;
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

/** The share of pixels that are not black or nearly so, 0 to 1. */
export function measureLight(picture: PixelImage): number {
  const dark = 40;
  let lit = 0;
  for (let at = 0; at + 3 < picture.data.length; at += 4) {
    const brightest = Math.max(picture.data[at] ?? 0, picture.data[at + 1] ?? 0, picture.data[at + 2] ?? 0);
    if (brightest > dark) lit++;
  }
  const pixels = picture.width * picture.height;
  return pixels === 0 ? 0 : lit / pixels;
}
