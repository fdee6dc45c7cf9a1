import { u8, type Grammar } from "../../bytes/grammar.ts";
import { skip, refuseStream, type RectangleSize } from "./skip-grammar.ts";

const TILE = 16;
const TileMask = { raw: 1, background: 2, foreground: 4, subrectangles: 8, coloured: 16 } as const;
const EVERY_BIT = 31;

/**
 * The data of a Hextile rectangle: tiles of at most 16 x 16, row by row.
 * @throws ProtocolError `RFB_SERVER_STREAM`
 */
export function* skipHextile({ width, height }: RectangleSize, pixel: number): Grammar<void> {
  for (let y = 0; y < height; y += TILE) {
    const rows = Math.min(TILE, height - y);
    for (let x = 0; x < width; x += TILE) yield* skipTile(Math.min(TILE, width - x) * rows, pixel);
  }
}

function* skipTile(pixels: number, pixel: number): Grammar<void> {
  const mask = yield* u8();
  if (mask > EVERY_BIT) refuseStream(`a Hextile tile with the mask ${mask}`);
  if (mask & TileMask.raw) {
    yield* skip(pixels * pixel);
    return;
  }
  const colours = (mask & TileMask.background ? pixel : 0) + (mask & TileMask.foreground ? pixel : 0);
  if (!(mask & TileMask.subrectangles)) {
    yield* skip(colours);
    return;
  }
  const count = (yield colours + 1).readUInt8(colours);
  yield* skip(count * (mask & TileMask.coloured ? 2 + pixel : 2));
}
