import { encodeU16, encodeU8 } from "../../bytes/encoders.ts";
import { Encoding } from "../encodings.ts";
import { encodeRectangleHead } from "../screen-rectangles.ts";
import type { Canvas } from "./canvas.ts";
import type { PixelWriter } from "./pixel-writer.ts";
import { TILE, type Rectangle } from "./tiles.ts";

/** Hextile's mask. @see RFC 6143 §7.7.4 */
const RAW_TILE = 1;
const BACKGROUND = 2;
const ANY_SUBRECTS = 8;
const SUBRECTS_COLOURED = 16;
const MAX_SUBRECTS = 255;

export type PictureEncoding = typeof Encoding.raw | typeof Encoding.hextile;

/** FramebufferUpdate with these rectangles. @see RFC 6143 §7.6.1 */
export function encodeUpdate(
  canvas: Canvas,
  rectangles: readonly Rectangle[],
  encoding: PictureEncoding,
  writer: PixelWriter,
): Buffer {
  const encoded = rectangles.map((rectangle) => encodeRectangle(canvas, rectangle, encoding, writer));
  return Buffer.concat([encodeUpdateHead(rectangles.length), ...encoded]);
}

/** What comes before the rectangles of a FramebufferUpdate. */
export function encodeUpdateHead(rectangles: number): Buffer {
  return Buffer.concat([Buffer.from([0, 0]), encodeU16(rectangles)]);
}

/** One rectangle of a FramebufferUpdate; the canvas has all of it. */
export function encodeRectangle(
  canvas: Canvas,
  rectangle: Rectangle,
  encoding: PictureEncoding,
  writer: PixelWriter,
): Buffer {
  const head = encodeRectangleHead(rectangle, encoding);
  if (encoding === Encoding.raw) return Buffer.concat([head, encodeRaw(canvas, rectangle, writer)]);
  const tiles = [...splitTiles(rectangle)].map((tile) => encodeHextile(canvas, tile, writer));
  return Buffer.concat([head, ...tiles]);
}

function encodeRaw(canvas: Canvas, area: Rectangle, writer: PixelWriter): Buffer {
  const out = Buffer.allocUnsafe(area.width * area.height * writer.size);
  let offset = 0;
  for (let y = area.y; y < area.y + area.height; y++)
    for (let x = area.x; x < area.x + area.width; x++)
      offset = writer.write(out, offset, canvas.pixels[(y - canvas.top) * canvas.width + x] ?? 0);
  return out;
}

/** Row by row; a rectangle's tiles count from its own corner. */
function* splitTiles({ x, y, width, height }: Rectangle): Generator<Rectangle> {
  for (let top = 0; top < height; top += TILE)
    for (let left = 0; left < width; left += TILE)
      yield {
        x: x + left,
        y: y + top,
        width: Math.min(TILE, width - left),
        height: Math.min(TILE, height - top),
      };
}

/** A tile as background and runs, or raw where that is shorter. */
function encodeHextile(canvas: Canvas, tile: Rectangle, writer: PixelWriter): Buffer {
  const background = findBackground(canvas, tile);
  const runs = findRuns(canvas, tile, background);
  const rawBytes = tile.width * tile.height * writer.size;
  if (runs.length > MAX_SUBRECTS || runs.length * (writer.size + 2) + writer.size + 1 > rawBytes)
    return Buffer.concat([encodeU8(RAW_TILE), encodeRaw(canvas, tile, writer)]);
  const out = Buffer.allocUnsafe(2 + writer.size + runs.length * (writer.size + 2));
  out.writeUInt8(runs.length === 0 ? BACKGROUND : BACKGROUND | ANY_SUBRECTS | SUBRECTS_COLOURED, 0);
  let offset = writer.write(out, 1, background);
  if (runs.length === 0) return out.subarray(0, offset);
  offset = out.writeUInt8(runs.length, offset);
  for (const run of runs) {
    offset = writer.write(out, offset, run.colour);
    offset = out.writeUInt8((run.x << 4) | run.y, offset);
    offset = out.writeUInt8((run.width - 1) << 4, offset);
  }
  return out.subarray(0, offset);
}

function findBackground(canvas: Canvas, tile: Rectangle): number {
  const counts = new Map<number, number>();
  let best = 0;
  let bestCount = 0;
  for (let y = tile.y; y < tile.y + tile.height; y++) {
    for (let x = tile.x; x < tile.x + tile.width; x++) {
      const colour = canvas.pixels[(y - canvas.top) * canvas.width + x] ?? 0;
      const count = (counts.get(colour) ?? 0) + 1;
      counts.set(colour, count);
      if (count > bestCount) [best, bestCount] = [colour, count];
    }
  }
  return best;
}

interface Run {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly colour: number;
}

/** Pieces of rows of one colour, other than the background; positions within the tile. */
function findRuns(canvas: Canvas, tile: Rectangle, background: number): Run[] {
  const runs: Run[] = [];
  for (let y = 0; y < tile.height; y++) {
    let x = 0;
    while (x < tile.width) {
      const at = (tile.y + y - canvas.top) * canvas.width + tile.x;
      const colour = canvas.pixels[at + x] ?? 0;
      let end = x + 1;
      while (end < tile.width && canvas.pixels[at + end] === colour) end++;
      if (colour !== background) runs.push({ x, y, width: end - x, colour });
      x = end;
    }
  }
  return runs;
}
