import { ProtocolError, type PixelFormat } from "../../protocol/index.ts";
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
 * @throws ProtocolError `RFB_PIXEL_FORMAT` for colour maps: they are not served here
 */
export function makePixelWriter(format: PixelFormat): PixelWriter {
  if (!format.trueColour) throw new ProtocolError("RFB_PIXEL_FORMAT", "colour maps are not served");
  const size = format.bitsPerPixel / 8;
  const convert = (colour: Colour): number =>
    (scale((colour >> 16) & 0xff, format.redMax, format.redShift) |
      scale((colour >> 8) & 0xff, format.greenMax, format.greenShift) |
      scale(colour & 0xff, format.blueMax, format.blueShift)) >>>
    0;
  return {
    size,
    write(out, offset, colour) {
      const value = size === 4 ? convert(colour) : convert(colour) & (size === 2 ? 0xffff : 0xff);
      return format.bigEndian ? out.writeUIntBE(value, offset, size) : out.writeUIntLE(value, offset, size);
    },
  };
}

function scale(level: number, max: number, shift: number): number {
  // A shift uses the low five bits only.
  return Math.round((level * max) / 255) << shift;
}
