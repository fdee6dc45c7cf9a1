import { checkLength, s32, u32, u8, type Grammar } from "../../bytes/grammar.ts";
import { Encoding, nameEncoding, PseudoEncoding } from "../encodings.ts";
import { passHextile } from "./hextile.ts";
import { bitmapBytes, pass, passCounted, refuseStream, SERVER_STREAM_LIMITS, type Area } from "./passing.ts";
import { ALPHA_PIXELS, type PixelLengths } from "./pixel-lengths.ts";
import { passTight, passTightPng } from "./tight.ts";

type Data = (area: Area, lengths: PixelLengths) => Grammar<void>;

const passData = (): Grammar<void> =>
  passCounted(SERVER_STREAM_LIMITS.rectangleData, "the data of a rectangle");
const passNothing: Data = () => pass(0);

/** What pixels come in; the other encodings say something about the screen. */
const PIXELS = new Map<number, Data>([
  [Encoding.raw, ({ width, height }, { pixel }) => pass(width * height * pixel)],
  [Encoding.copyRect, () => pass(4)],
  [Encoding.rre, (area, { pixel }) => passRre(area, pixel, 8)],
  [Encoding.coRre, (area, { pixel }) => passRre(area, pixel, 4)],
  [Encoding.hextile, (area, { pixel }) => passHextile(area, pixel)],
  [Encoding.zlib, passData],
  [Encoding.zrle, passData],
  [Encoding.tight, (area, lengths) => passTight(area, requireTightPixel(lengths))],
  [Encoding.tightPng, (_area, lengths) => passTightPng(requireTightPixel(lengths))],
  [Encoding.h264, passH264],
]);

const SCREEN = new Map<number, Data>([
  [PseudoEncoding.cursor, (area, { pixel }) => pass(area.width * area.height * pixel + bitmapBytes(area))],
  [PseudoEncoding.xCursor, (area) => pass(area.width * area.height > 0 ? 6 + 2 * bitmapBytes(area) : 0)],
  [PseudoEncoding.cursorWithAlpha, passCursorWithAlpha],
  [PseudoEncoding.extendedDesktopSize, passScreens],
  [PseudoEncoding.ledState, () => pass(1)],
  [PseudoEncoding.desktopSize, passNothing],
  [PseudoEncoding.qemuPointerMotion, passNothing],
  [PseudoEncoding.qemuExtendedKey, passNothing],
  [PseudoEncoding.qemuAudio, passNothing],
  [PseudoEncoding.lastRect, passNothing],
]);

/** A whole FramebufferUpdate after its head. @param lengths of the pixels in it */
export function* passRectangles(count: number, lengths: PixelLengths): Grammar<void> {
  for (let index = 0; index < count; index += 1) {
    const head = yield 12;
    const encoding = head.readInt32BE(8);
    const area = { width: head.readUInt16BE(4), height: head.readUInt16BE(6) };
    const data = PIXELS.get(encoding) ?? SCREEN.get(encoding);
    if (data === undefined) refuseStream(`a rectangle in the encoding ${nameEncoding(encoding)}`);
    yield* data(area, lengths);
    if (encoding === PseudoEncoding.lastRect) return;
  }
}

/** U32 n · background · n × (colour and place). */
function* passRre({ width, height }: Area, pixel: number, place: number): Grammar<void> {
  const count = yield* u32();
  checkLength(count * (pixel + place), SERVER_STREAM_LIMITS.rectangleData, "the data of a rectangle");
  if (count > width * height) refuseStream(`${count} parts of a rectangle of ${width} x ${height}`);
  yield* pass(pixel + count * (pixel + place));
}

/** U32 length · U32 flags · data. */
function* passH264(): Grammar<void> {
  const length = yield* u32();
  checkLength(length, SERVER_STREAM_LIMITS.rectangleData, "the data of a rectangle");
  yield* pass(4 + length);
}

/** S32 encoding, then 32-bit pixels in it. */
function* passCursorWithAlpha(area: Area): Grammar<void> {
  const encoding = yield* s32();
  const data = PIXELS.get(encoding);
  if (data === undefined) refuseStream(`a cursor in the encoding ${nameEncoding(encoding)}`);
  yield* data(area, ALPHA_PIXELS);
}

/** U8 n · 3 × padding · n × 16. */
function* passScreens(): Grammar<void> {
  const count = yield* u8();
  yield* pass(3 + 16 * count);
}

function requireTightPixel({ tightPixel }: PixelLengths): number {
  return (
    tightPixel ?? refuseStream("a Tight rectangle in a pixel format for which its length is not certain")
  );
}
