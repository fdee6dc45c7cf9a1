import { u8, type Grammar } from "../../bytes/grammar.ts";
import { bitmapBytes, pass, passCompact, refuseStream, type Area } from "./passing.ts";

const FILL = 8;
const JPEG = 9;
const PNG = 10;
const EXPLICIT_FILTER = 0x40;
const Filter = { copy: 0, palette: 1, gradient: 2 } as const;
/** Data that is shorter is neither compressed nor counted, bytes. */
const MIN_COMPRESSED = 12;

/**
 * The data of a Tight rectangle.
 * @param tightPixel bytes of a pixel
 * @throws ProtocolError `RFB_SERVER_STREAM`
 */
export function* passTight(area: Area, tightPixel: number): Grammar<void> {
  const control = yield* u8();
  const kind = control >> 4;
  if (kind === FILL) yield* pass(tightPixel);
  else if (kind === JPEG) yield* passCompact();
  else if (kind > JPEG) refuseStream(`a Tight rectangle of kind ${kind}`);
  else {
    const length = yield* passFilter(area, tightPixel, (control & EXPLICIT_FILTER) !== 0);
    yield* length < MIN_COMPRESSED ? pass(length) : passCompact();
  }
}

/** The same for Tight PNG, which has a picture in place of what is compressed by zlib. */
export function* passTightPng(tightPixel: number): Grammar<void> {
  const kind = (yield* u8()) >> 4;
  if (kind === FILL) yield* pass(tightPixel);
  else if (kind === JPEG || kind === PNG) yield* passCompact();
  else refuseStream(`a Tight PNG rectangle of kind ${kind}`);
}

/** Returns how many bytes there are before compression. */
function* passFilter(area: Area, tightPixel: number, explicit: boolean): Grammar<number> {
  const pixels = area.width * area.height;
  const filter = explicit ? yield* u8() : Filter.copy;
  if (filter === Filter.copy || filter === Filter.gradient) return pixels * tightPixel;
  if (filter !== Filter.palette) refuseStream(`the Tight filter ${filter}`);
  const colours = (yield* u8()) + 1;
  // One byte or one bit for each pixel of a single colour: the implementations do not agree.
  if (colours === 1) refuseStream("a Tight palette of one colour");
  yield* pass(colours * tightPixel);
  return colours === 2 ? bitmapBytes(area) : pixels;
}
