import { PNG } from "pngjs";

/** Red, green, blue, each 0 to 255. */
export type RgbColour = readonly [number, number, number];

/** A decoded picture. */
export class Bitmap {
  readonly width: number;
  readonly height: number;
  /** RGBA, 4 bytes a pixel. */
  readonly data: Buffer;

  constructor(width: number, height: number, data: Buffer) {
    this.width = width;
    this.height = height;
    this.data = data;
  }

  static decode(png: Buffer): Bitmap {
    const { width, height, data } = PNG.sync.read(png);
    return new Bitmap(width, height, data);
  }

  /** As a PNG file. */
  encode(): Buffer {
    const png = new PNG({ width: this.width, height: this.height });
    this.data.copy(png.data);
    return PNG.sync.write(png);
  }

  /** Every pixel is the mean of a square of `factor` pixels a side. */
  shrink(factor: number): Bitmap {
    const [width, height] = [Math.floor(this.width / factor), Math.floor(this.height / factor)];
    const data = Buffer.alloc(4 * width * height, 255);
    for (let at = 0; at < width * height; at += 1) {
      const sums = [0, 0, 0];
      const [left, top] = [factor * (at % width), factor * Math.floor(at / width)];
      for (let part = 0; part < factor ** 2; part += 1) {
        const colour = this.at(left + (part % factor), top + Math.floor(part / factor));
        for (const [channel, value] of colour.entries()) sums[channel]! += value;
      }
      data.set(
        sums.map((sum) => Math.round(sum / factor ** 2)),
        4 * at,
      );
    }
    return new Bitmap(width, height, data);
  }

  /** A part of it; what lies outside of this picture is left out. */
  crop(left: number, top: number, wantedWidth: number, wantedHeight: number): Bitmap {
    const width = Math.min(wantedWidth, this.width - left);
    const height = Math.min(wantedHeight, this.height - top);
    const rows = Array.from({ length: height }, (_, row) => {
      const from = 4 * ((top + row) * this.width + left);
      return this.data.subarray(from, from + 4 * width);
    });
    return new Bitmap(width, height, Buffer.concat(rows));
  }

  at(x: number, y: number): RgbColour {
    const offset = (y * this.width + x) * 4;
    return [this.data[offset]!, this.data[offset + 1]!, this.data[offset + 2]!];
  }

  /** How many pixels are this colour, each channel within `tolerance` (lossy pictures need some). */
  count(colour: RgbColour, tolerance = 0): number {
    let found = 0;
    for (let offset = 0; offset < this.data.length; offset += 4)
      if (colour.every((value, channel) => Math.abs(this.data[offset + channel]! - value) <= tolerance))
        found += 1;
    return found;
  }

  /** How many pixels differ from those of another picture of the same size. */
  countDifferences(other: Bitmap): number {
    if (other.width !== this.width || other.height !== this.height) return this.width * this.height;
    let found = 0;
    for (let offset = 0; offset < this.data.length; offset += 4)
      if (this.data.readUInt32BE(offset) !== other.data.readUInt32BE(offset)) found += 1;
    return found;
  }
}
