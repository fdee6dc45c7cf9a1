import type { PixelFormat } from "../../../../../protocol/index.ts";

export const TRUE_COLOUR: PixelFormat = {
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
export const HIGH_COLOUR: PixelFormat = {
  ...TRUE_COLOUR,
  bitsPerPixel: 16,
  depth: 16,
  redMax: 31,
  greenMax: 63,
  blueMax: 31,
  redShift: 11,
  greenShift: 5,
};

/** Bytes in hexadecimal, then `body` bytes of filling that looks like the beginning of a ServerCutText. */
export function hex(text: string, body = 0): Buffer {
  return Buffer.concat([Buffer.from(text.replaceAll(" ", ""), "hex"), Buffer.alloc(body, 3)]);
}

export function rectangle(encoding: number, width: number, height: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(width, 4);
  head.writeUInt16BE(height, 6);
  head.writeInt32BE(encoding, 8);
  return Buffer.concat([head, data]);
}

/** @param count default: as many as there are */
export function update(rectangles: readonly Buffer[], count = rectangles.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(count, 2);
  return Buffer.concat([head, ...rectangles]);
}

export const CLIPBOARD = hex("03 000000 00000007", 7);
export const EXTENDED_CLIPBOARD = hex("03 000000 fffffff8", 8);

export interface StreamSample {
  readonly name: string;
  readonly wire: Buffer;
}

const tile = (text: string, body = 0): Buffer => hex(text, body);

/** Rectangles of 32-bit pixels, with every way that their data may go. */
export const RECTANGLES: readonly StreamSample[] = [
  { name: "Raw", wire: rectangle(0, 3, 2, hex("", 24)) },
  { name: "Raw, empty", wire: rectangle(0, 0, 2, hex("")) },
  { name: "CopyRect", wire: rectangle(1, 3, 2, hex("", 4)) },
  { name: "RRE", wire: rectangle(2, 9, 9, hex("00000002", 4 + 2 * 12)) },
  { name: "RRE, one colour", wire: rectangle(2, 9, 9, hex("00000000", 4)) },
  { name: "CoRRE", wire: rectangle(4, 9, 9, hex("00000003", 4 + 3 * 8)) },
  {
    name: "Hextile, 2 x 2 tiles",
    wire: rectangle(
      5,
      20,
      17,
      Buffer.concat([
        tile("01", 16 * 16 * 4),
        tile("06", 8),
        tile("0e 03030303 03030303 02", 2 * 2),
        tile("1a 03030303 03", 3 * 6),
      ]),
    ),
  },
  { name: "Hextile, as before", wire: rectangle(5, 16, 16, hex("00")) },
  { name: "Zlib", wire: rectangle(6, 9, 9, hex("00000005", 5)) },
  { name: "ZRLE", wire: rectangle(16, 9, 9, hex("00000009", 9)) },
  { name: "H.264", wire: rectangle(50, 9, 9, hex("00000009 00000001", 9)) },
  { name: "Tight, fill", wire: rectangle(7, 9, 9, hex("80", 3)) },
  { name: "Tight, JPEG of 1 byte of length", wire: rectangle(7, 9, 9, hex("90 7f", 127)) },
  { name: "Tight, JPEG of 2 bytes of length", wire: rectangle(7, 9, 9, hex("90 8101", 129)) },
  { name: "Tight, JPEG of 3 bytes of length", wire: rectangle(7, 9, 9, hex("90 818001", 0x4001)) },
  { name: "Tight, under 12 bytes", wire: rectangle(7, 3, 1, hex("00", 9)) },
  { name: "Tight, 12 bytes", wire: rectangle(7, 4, 1, hex("0f 04", 4)) },
  { name: "Tight, copy filter", wire: rectangle(7, 4, 1, hex("40 00 04", 4)) },
  { name: "Tight, gradient filter", wire: rectangle(7, 3, 1, hex("40 02", 9)) },
  { name: "Tight, palette of 2, short", wire: rectangle(7, 9, 5, hex("40 01 01 030303 030303", 10)) },
  { name: "Tight, palette of 2", wire: rectangle(7, 9, 6, hex("40 01 01 030303 030303 05", 5)) },
  { name: "Tight, palette of 3", wire: rectangle(7, 4, 3, hex("40 01 02 030303 030303 030303 05", 5)) },
  { name: "Tight PNG, fill", wire: rectangle(-260, 9, 9, hex("80", 3)) },
  { name: "Tight PNG, JPEG", wire: rectangle(-260, 9, 9, hex("90 03", 3)) },
  { name: "Tight PNG, PNG", wire: rectangle(-260, 9, 9, hex("a0 03", 3)) },
  { name: "Cursor", wire: rectangle(-239, 9, 2, hex("", 9 * 2 * 4 + 4)) },
  { name: "XCursor", wire: rectangle(-240, 9, 2, hex("", 6 + 8)) },
  { name: "XCursor, none", wire: rectangle(-240, 0, 0, hex("")) },
  { name: "CursorWithAlpha", wire: rectangle(-314, 3, 2, hex("00000000", 24)) },
  { name: "CursorWithAlpha in ZRLE", wire: rectangle(-314, 3, 2, hex("00000010 00000002", 2)) },
  { name: "ExtendedDesktopSize", wire: rectangle(-308, 640, 480, hex("02 000000", 32)) },
  { name: "DesktopSize", wire: rectangle(-223, 640, 480, hex("")) },
  { name: "LED state", wire: rectangle(-261, 640, 480, hex("03")) },
  { name: "QEMU pointer motion", wire: rectangle(-257, 640, 480, hex("")) },
  { name: "QEMU extended key", wire: rectangle(-258, 640, 480, hex("")) },
  { name: "QEMU audio", wire: rectangle(-259, 640, 480, hex("")) },
];

export const LAST = rectangle(-224, 0, 0, hex(""));

/** Messages that pass, with the edges of their lengths. */
export const MESSAGES: readonly StreamSample[] = [
  { name: "FramebufferUpdate, empty", wire: update([]) },
  { name: "SetColourMapEntries", wire: hex("01 00 0000 0003", 18) },
  { name: "Bell", wire: hex("02") },
  { name: "EndOfContinuousUpdates", wire: hex("96") },
  { name: "Fence, empty", wire: hex("f8 000000 80000001 00") },
  { name: "Fence, longest", wire: hex("f8 000000 00000001 40", 64) },
  { name: "xvp", wire: hex("fa 00 01 01") },
  { name: "gii, big-endian", wire: hex("fd 81 0004", 4) },
  { name: "gii, little-endian", wire: hex("fd 01 0400", 4) },
  { name: "QEMU audio, end", wire: hex("ff 01 0000") },
  { name: "QEMU audio, begin", wire: hex("ff 01 0001") },
  { name: "QEMU audio, data", wire: hex("ff 01 0002 00000009", 9) },
];
