import type { PixelFormat } from "../pixel-format.ts";
import { encodeU16 } from "../../bytes/encoders.ts";
import type { Colour } from "./canvas.ts";

/** The format in ServerInit: 32 bits, 0x00RRGGBB, little-endian. */
export const NATIVE_FORMAT: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};

export interface PixelWriter {
  /** Bytes of one pixel. */
  readonly size: number;
  /** Writes one pixel and returns the offset after it. */
  write(out: Buffer, offset: number, colour: Colour): number;
}

/**
 * Turns colours into a viewer's pixels.
 * @param palette what a viewer with a colour map is told of: see {@link encodeColourMap}; other colours become its first
 */
export function makePixelWriter(format: PixelFormat, palette: readonly Colour[] = []): PixelWriter {
  const size = format.bitsPerPixel / 8;
  const convert = format.trueColour ? convertToTrueColour(format) : convertByMap(palette);
  return {
    size,
    write(out, offset, colour) {
      const value = size === 4 ? convert(colour) : convert(colour) & (size === 2 ? 0xffff : 0xff);
      return format.bigEndian ? out.writeUIntBE(value, offset, size) : out.writeUIntLE(value, offset, size);
    },
  };
}

function convertToTrueColour(format: PixelFormat): (colour: Colour) => number {
  return (colour) =>
    (scale((colour >> 16) & 0xff, format.redMax, format.redShift) |
      scale((colour >> 8) & 0xff, format.greenMax, format.greenShift) |
      scale(colour & 0xff, format.blueMax, format.blueShift)) >>>
    0;
}

function convertByMap(palette: readonly Colour[]): (colour: Colour) => number {
  const places = new Map(palette.map((colour, index) => [colour, index]));
  return (colour) => places.get(colour) ?? 0;
}

/** SetColourMapEntries with all colours of a palette, from the first entry on. @see RFC 6143 §7.6.2 */
export function encodeColourMap(palette: readonly Colour[]): Buffer {
  const levels = palette.flatMap((colour) => [(colour >> 16) & 0xff, (colour >> 8) & 0xff, colour & 0xff]);
  const head = [Buffer.from([1, 0]), encodeU16(0), encodeU16(palette.length)];
  return Buffer.concat([...head, ...levels.map((level) => encodeU16(level * 257))]);
}

function scale(level: number, max: number, shift: number): number {
  // A shift uses the low five bits only.
  return Math.round((level * max) / 255) << shift;
}
