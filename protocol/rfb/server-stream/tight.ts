import { u8, type Grammar } from "../../bytes/grammar.ts";
import { bitmapBytes, skip, skipCompact, refuseStream, type RectangleSize } from "./skip-grammar.ts";

const FILL = 8;
const JPEG = 9;
const PNG = 10;
const EXPLICIT_FILTER = 0x40;
const TightFilter = { copy: 0, palette: 1, gradient: 2 } as const;
/** Shorter data is not compressed and has no length field, bytes. */
const MIN_COMPRESSED = 12;

/**
 * The data of a Tight rectangle.
 * @param tightPixel bytes of a pixel
 * @throws ProtocolError `RFB_SERVER_STREAM`
 */
export function* skipTight(area: RectangleSize, tightPixel: number): Grammar<void> {
  const control = yield* u8();
  const kind = control >> 4;
  if (kind === FILL) yield* skip(tightPixel);
  else if (kind === JPEG) yield* skipCompact();
  else if (kind > JPEG) refuseStream(`a Tight rectangle of kind ${kind}`);
  else {
    const length = yield* skipFilter(area, tightPixel, (control & EXPLICIT_FILTER) !== 0);
    yield* length < MIN_COMPRESSED ? skip(length) : skipCompact();
  }
}

/** The same for Tight PNG, which has a PNG image instead of zlib-compressed data. */
export function* skipTightPng(tightPixel: number): Grammar<void> {
  const kind = (yield* u8()) >> 4;
  if (kind === FILL) yield* skip(tightPixel);
  else if (kind === JPEG || kind === PNG) yield* skipCompact();
  else refuseStream(`a Tight PNG rectangle of kind ${kind}`);
}

/** @returns the number of bytes before compression */
function* skipFilter(area: RectangleSize, tightPixel: number, explicit: boolean): Grammar<number> {
  const pixels = area.width * area.height;
  const filter = explicit ? yield* u8() : TightFilter.copy;
  if (filter === TightFilter.copy || filter === TightFilter.gradient) return pixels * tightPixel;
  if (filter !== TightFilter.palette) refuseStream(`the Tight filter ${filter}`);
  const colours = (yield* u8()) + 1;
  // Implementations differ in whether a pixel of a one-colour palette takes one byte or one bit.
  if (colours === 1) refuseStream("a Tight palette of one colour");
  yield* skip(colours * tightPixel);
  return colours === 2 ? bitmapBytes(area) : pixels;
}
