import { checkLength, s32, u32, u8, type Grammar } from "../../bytes/grammar.ts";
import { Encoding, nameEncoding, PseudoEncoding } from "../encodings.ts";
import { skipHextile } from "./hextile.ts";
import {
  bitmapBytes,
  skip,
  skipLengthPrefixed,
  refuseStream,
  SERVER_STREAM_LIMITS,
  type RectangleSize,
} from "./skip-grammar.ts";
import { ALPHA_PIXELS, type PixelLengths } from "./pixel-lengths.ts";
import { skipTight, skipTightPng } from "./tight.ts";

type SkipData = (area: RectangleSize, lengths: PixelLengths) => Grammar<void>;

const skipData = (): Grammar<void> =>
  skipLengthPrefixed(SERVER_STREAM_LIMITS.rectangleData, "the data of a rectangle");
const skipNothing: SkipData = () => skip(0);

/** Encodings that contain pixels; the other encodings describe the screen. */
const PIXEL_ENCODINGS = new Map<number, SkipData>([
  [Encoding.raw, ({ width, height }, { pixel }) => skip(width * height * pixel)],
  [Encoding.copyRect, () => skip(4)],
  [Encoding.rre, (area, { pixel }) => skipRre(area, pixel, 8)],
  [Encoding.coRre, (area, { pixel }) => skipRre(area, pixel, 4)],
  [Encoding.hextile, (area, { pixel }) => skipHextile(area, pixel)],
  [Encoding.zlib, skipData],
  [Encoding.zrle, skipData],
  [Encoding.tight, (area, lengths) => skipTight(area, requireTightPixel(lengths))],
  [Encoding.tightPng, (_area, lengths) => skipTightPng(requireTightPixel(lengths))],
  [Encoding.h264, skipH264],
]);

const SCREEN_ENCODINGS = new Map<number, SkipData>([
  [PseudoEncoding.cursor, (area, { pixel }) => skip(area.width * area.height * pixel + bitmapBytes(area))],
  [PseudoEncoding.xCursor, (area) => skip(area.width * area.height > 0 ? 6 + 2 * bitmapBytes(area) : 0)],
  [PseudoEncoding.cursorWithAlpha, skipCursorWithAlpha],
  [PseudoEncoding.extendedDesktopSize, skipScreens],
  [PseudoEncoding.ledState, () => skip(1)],
  [PseudoEncoding.desktopSize, skipNothing],
  [PseudoEncoding.qemuPointerMotion, skipNothing],
  [PseudoEncoding.qemuExtendedKey, skipNothing],
  [PseudoEncoding.qemuAudio, skipNothing],
  [PseudoEncoding.lastRect, skipNothing],
]);

/** A complete FramebufferUpdate after its head. @param lengths of the pixels in it */
export function* skipRectangles(count: number, lengths: PixelLengths): Grammar<void> {
  for (let index = 0; index < count; index += 1) {
    const head = yield 12;
    const encoding = head.readInt32BE(8);
    const area = { width: head.readUInt16BE(4), height: head.readUInt16BE(6) };
    const data = PIXEL_ENCODINGS.get(encoding) ?? SCREEN_ENCODINGS.get(encoding);
    if (data === undefined) refuseStream(`a rectangle in the encoding ${nameEncoding(encoding)}`);
    yield* data(area, lengths);
    if (encoding === PseudoEncoding.lastRect) return;
  }
}

/** U32 n · background · n × (colour and position). */
function* skipRre({ width, height }: RectangleSize, pixel: number, place: number): Grammar<void> {
  const count = yield* u32();
  checkLength(count * (pixel + place), SERVER_STREAM_LIMITS.rectangleData, "the data of a rectangle");
  if (count > width * height) refuseStream(`${count} parts of a rectangle of ${width} x ${height}`);
  yield* skip(pixel + count * (pixel + place));
}

/** U32 length · U32 flags · data. */
function* skipH264(): Grammar<void> {
  const length = yield* u32();
  checkLength(length, SERVER_STREAM_LIMITS.rectangleData, "the data of a rectangle");
  yield* skip(4 + length);
}

/** S32 encoding, then 32-bit pixels in that encoding. */
function* skipCursorWithAlpha(area: RectangleSize): Grammar<void> {
  const encoding = yield* s32();
  const data = PIXEL_ENCODINGS.get(encoding);
  if (data === undefined) refuseStream(`a cursor in the encoding ${nameEncoding(encoding)}`);
  yield* data(area, ALPHA_PIXELS);
}

/** U8 n · 3 × padding · n × 16. */
function* skipScreens(): Grammar<void> {
  const count = yield* u8();
  yield* skip(3 + 16 * count);
}

function requireTightPixel({ tightPixel }: PixelLengths): number {
  return (
    tightPixel ?? refuseStream("a Tight rectangle in a pixel format for which its length is not certain")
  );
}
