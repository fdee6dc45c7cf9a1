import { u8, type Grammar } from "../../bytes/grammar.ts";
import { pass, refuseStream, type Area } from "./passing.ts";

const TILE = 16;
const Mask = { raw: 1, background: 2, foreground: 4, subrectangles: 8, coloured: 16 } as const;
const EVERY_BIT = 31;

/** The data of a Hextile rectangle: tiles of at most 16 x 16, row by row. @throws ProtocolError `RFB_SERVER_STREAM` */
export function* passHextile({ width, height }: Area, pixel: number): Grammar<void> {
  for (let y = 0; y < height; y += TILE) {
    const rows = Math.min(TILE, height - y);
    for (let x = 0; x < width; x += TILE) yield* passTile(Math.min(TILE, width - x) * rows, pixel);
  }
}

function* passTile(pixels: number, pixel: number): Grammar<void> {
  const mask = yield* u8();
  if (mask > EVERY_BIT) refuseStream(`a Hextile tile with the mask ${mask}`);
  if (mask & Mask.raw) {
    yield* pass(pixels * pixel);
    return;
  }
  const colours = (mask & Mask.background ? pixel : 0) + (mask & Mask.foreground ? pixel : 0);
  if (!(mask & Mask.subrectangles)) {
    yield* pass(colours);
    return;
  }
  const count = (yield colours + 1).readUInt8(colours);
  yield* pass(count * (mask & Mask.coloured ? 2 + pixel : 2));
}
