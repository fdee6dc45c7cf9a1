import { ProtocolError } from "../errors.ts";
import type { Grammar } from "../bytes/grammar.ts";

/** PixelFormat, 16 bytes on the wire. @see RFC 6143 §7.4 */
export interface PixelFormat {
  /** 8, 16 or 32. */
  readonly bitsPerPixel: number;
  readonly depth: number;
  readonly bigEndian: boolean;
  readonly trueColour: boolean;
  readonly redMax: number;
  readonly greenMax: number;
  readonly blueMax: number;
  readonly redShift: number;
  readonly greenShift: number;
  readonly blueShift: number;
}

const PIXEL_FORMAT_BYTES = 16;

/** @throws ProtocolError `RFB_PIXEL_FORMAT` for a pixel that is not 8, 16 or 32 bits wide */
export function* readPixelFormat(): Grammar<PixelFormat> {
  const wire = yield PIXEL_FORMAT_BYTES;
  const bitsPerPixel = wire.readUInt8(0);
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) {
    throw new ProtocolError("RFB_PIXEL_FORMAT", `${bitsPerPixel} bits per pixel`);
  }
  return {
    bitsPerPixel,
    depth: wire.readUInt8(1),
    bigEndian: wire.readUInt8(2) !== 0,
    trueColour: wire.readUInt8(3) !== 0,
    redMax: wire.readUInt16BE(4),
    greenMax: wire.readUInt16BE(6),
    blueMax: wire.readUInt16BE(8),
    redShift: wire.readUInt8(10),
    greenShift: wire.readUInt8(11),
    blueShift: wire.readUInt8(12),
  };
}

/** 16 bytes, padding 0. */
export function encodePixelFormat(value: PixelFormat): Buffer {
  const out = Buffer.alloc(PIXEL_FORMAT_BYTES);
  out.writeUInt8(value.bitsPerPixel, 0);
  out.writeUInt8(value.depth, 1);
  out.writeUInt8(value.bigEndian ? 1 : 0, 2);
  out.writeUInt8(value.trueColour ? 1 : 0, 3);
  out.writeUInt16BE(value.redMax, 4);
  out.writeUInt16BE(value.greenMax, 6);
  out.writeUInt16BE(value.blueMax, 8);
  out.writeUInt8(value.redShift, 10);
  out.writeUInt8(value.greenShift, 11);
  out.writeUInt8(value.blueShift, 12);
  return out;
}
