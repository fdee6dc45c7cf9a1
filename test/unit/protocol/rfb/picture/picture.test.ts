import { describe, expect, test } from "vitest";
import { findSmoothGlyph, SMOOTH_ABOVE } from "../../../../../protocol/rfb/picture/bitmap-font.ts";
import {
  Canvas,
  encodeColourMap,
  encodeUpdate,
  Encoding,
  findChanges,
  findGlyph,
  GLYPH_ROWS,
  makePixelWriter,
  mixColours,
  NATIVE_FORMAT,
  TileSet,
  type PixelFormat,
} from "../../../../../protocol/index.ts";

const native = makePixelWriter(NATIVE_FORMAT);

describe("pixels", () => {
  const rgb565: PixelFormat = {
    ...NATIVE_FORMAT,
    ...{ bitsPerPixel: 16, depth: 16, redMax: 31, greenMax: 63, blueMax: 31 },
    ...{ redShift: 11, greenShift: 5, blueShift: 0 },
  };
  const bgr233: PixelFormat = {
    ...NATIVE_FORMAT,
    ...{ bitsPerPixel: 8, depth: 8, redMax: 7, greenMax: 7, blueMax: 3 },
    ...{ redShift: 0, greenShift: 3, blueShift: 6 },
  };
  const redFirst = { ...NATIVE_FORMAT, bigEndian: true, redShift: 24, greenShift: 16, blueShift: 8 };
  test.each([
    ["native", NATIVE_FORMAT, "332211 00"],
    ["big-endian", { ...NATIVE_FORMAT, bigEndian: true }, "00112233"],
    ["red first in the top byte", redFirst, "11223300"],
    ["16 bits", rgb565, "0611"],
    ["16 bits big-endian", { ...rgb565, bigEndian: true }, "1106"],
    ["8 bits", bgr233, "48"],
  ])("%s", (_what, format, wire) => {
    const writer = makePixelWriter(format);
    const out = Buffer.alloc(writer.size);
    expect(writer.write(out, 0, 0x112233)).toBe(writer.size);
    expect(out.toString("hex")).toBe(wire.replaceAll(" ", ""));
  });

  test("white is white at every shift", () => {
    const out = Buffer.alloc(4);
    makePixelWriter(redFirst).write(out, 0, 0xffffff);
    expect(out.toString("hex")).toBe("ffffff00");
  });

  test("a viewer with a colour map gets each colour's place in it", () => {
    const palette = [0x000000, 0x112233, 0xffffff];
    const writer = makePixelWriter({ ...bgr233, trueColour: false }, palette);
    const out = Buffer.alloc(3);
    [0x112233, 0xffffff, 0xabcdef].forEach((colour, at) => writer.write(out, at, colour));
    expect([...out]).toEqual([1, 2, 0]);
    const map = "0100 0000 0003 000000000000 111122223333 ffffffffffff".replaceAll(" ", "");
    expect(encodeColourMap(palette).toString("hex")).toBe(map);
  });
});

describe("tiles", () => {
  test("only what changed is marked, neighbours are joined, and taken once", () => {
    const [before, after] = [new Canvas(50, 40), new Canvas(50, 40)];
    after.fill(15, 0, 2, 1, 1);
    after.fill(49, 39, 1, 1, 1);
    const changes = findChanges(before.pixels, after.pixels, 50, 40);
    const all = { x: 0, y: 0, width: 50, height: 40 };
    expect(changes.take({ ...all, width: 16 })).toEqual([{ x: 0, y: 0, width: 16, height: 16 }]);
    expect(changes.take(all)).toEqual([
      { x: 16, y: 0, width: 16, height: 16 },
      { x: 48, y: 32, width: 2, height: 8 },
    ]);
    expect(changes.take(all)).toEqual([]);
  });

  test("an area outside the picture is cut off", () => {
    const tiles = new TileSet(50, 40);
    tiles.markArea({ x: 40, y: 30, width: 65_535, height: 65_535 });
    expect(tiles.take({ x: 0, y: 0, width: 65_535, height: 65_535 })).toEqual([
      { x: 32, y: 16, width: 18, height: 16 },
      { x: 32, y: 32, width: 18, height: 8 },
    ]);
  });
});

/** Draws an update of 32-bit little-endian pixels, by Raw or Hextile. */
function decodeUpdate(wire: Buffer, width: number, height: number): Uint32Array {
  const picture = new Uint32Array(width * height);
  let at = 4;
  const pixel = (): number => wire.readUInt32LE((at += 4) - 4);
  const fill = (x: number, y: number, w: number, h: number, colour: () => number): void => {
    for (let row = y; row < y + h; row++)
      for (let column = x; column < x + w; column++) picture[row * width + column] = colour();
  };
  for (let left = wire.readUInt16BE(2); left > 0; left--) {
    const [x, y, w, h] = [0, 2, 4, 6].map((offset) => wire.readUInt16BE(at + offset)) as [
      number,
      number,
      number,
      number,
    ];
    const encoding = wire.readInt32BE(at + 8);
    at += 12;
    if (encoding === Encoding.raw) {
      fill(x, y, w, h, pixel);
      continue;
    }
    for (let top = y; top < y + h; top += 16)
      for (let column = x; column < x + w; column += 16) {
        const [tw, th] = [Math.min(16, x + w - column), Math.min(16, y + h - top)];
        const mask = wire.readUInt8(at++);
        if (mask === 1) {
          fill(column, top, tw, th, pixel);
          continue;
        }
        const background = pixel();
        fill(column, top, tw, th, () => background);
        for (let rest = mask & 8 ? wire.readUInt8(at++) : 0; rest > 0; rest--) {
          const colour = pixel();
          const [xy, wh] = [wire.readUInt8(at++), wire.readUInt8(at++)];
          fill(column + (xy >> 4), top + (xy & 15), (wh >> 4) + 1, (wh & 15) + 1, () => colour);
        }
      }
  }
  expect(at).toBe(wire.length);
  return picture;
}

describe("updates", () => {
  const canvas = new Canvas(70, 37);
  canvas.fill(3, 3, 40, 9, 0xff8000);
  for (let at = 0; at < 600; at++) canvas.pixels[(at * 7) % 1000] = at * 77;
  const all = [{ x: 0, y: 0, width: 70, height: 37 }];

  test.each([Encoding.raw, Encoding.hextile] as const)("encoding %i gives the picture back", (encoding) => {
    expect(decodeUpdate(encodeUpdate(canvas, all, encoding, native), 70, 37)).toEqual(canvas.pixels);
  });

  test("Hextile is never much longer than Raw, and short for plain pictures", () => {
    const plain = new Canvas(160, 160);
    const area = [{ x: 0, y: 0, width: 160, height: 160 }];
    expect(encodeUpdate(plain, area, Encoding.hextile, native)).toHaveLength(16 + 100 * 5);
    const raw = encodeUpdate(canvas, all, Encoding.raw, native).length;
    expect(encodeUpdate(canvas, all, Encoding.hextile, native).length).toBeLessThanOrEqual(raw + 15);
  });
});

test("every printable character has a glyph of its own", () => {
  const seen = new Set<string>();
  for (let code = 0x21; code <= 0x7e; code++) {
    const glyph = findGlyph(String.fromCharCode(code));
    expect(glyph, String.fromCharCode(code)).toHaveLength(GLYPH_ROWS);
    seen.add(Buffer.from(glyph).toString("hex"));
  }
  expect(seen.size).toBe(0x7e - 0x21 + 1);
  expect(findGlyph("€")).toEqual(findGlyph("∞"));
});

test("colours are mixed channel by channel", () => {
  expect(mixColours(0x000000, 0xff8040, 0.5)).toBe(0x804020);
});

test("the large glyphs have the accents of French, and no two are one", () => {
  const letters = "àâäçèéêëîïôöùûüÿÀÂÄÇÈÉÊËÎÏÔÖÙÛÜŸ";
  const seen = new Set([...letters, ...letters.normalize("NFD")].map((one) => findSmoothGlyph(one).join()));
  // Decomposed there are the plain letters and the marks, which have no glyph of their own.
  expect(seen.size).toBe(letters.length + new Set("aceiouyACEIOUY").size + 1);
  const [plain, accented] = [findSmoothGlyph("E"), findSmoothGlyph("É")];
  expect(accented.slice(SMOOTH_ABOVE)).toEqual(plain.slice(SMOOTH_ABOVE));
  expect(plain.slice(0, SMOOTH_ABOVE)).toEqual(Array(SMOOTH_ABOVE).fill(0));
});

test("a strip of a canvas has what the whole has there", () => {
  const draw = (canvas: Canvas): void => {
    canvas.fillRounded(3, 4, 50, 40, 8, 7);
    canvas.drawSmoothText(6, 20, "Çela", 9);
    canvas.drawText(6, 40, "ab", 2, 3);
  };
  const whole = new Canvas(64, 60);
  draw(whole);
  const strip = new Canvas(64, 10);
  for (let top = 0; top < 60; top += 10) {
    strip.top = top;
    strip.pixels.fill(0);
    draw(strip);
    expect(strip.pixels).toEqual(whole.pixels.subarray(top * 64, (top + 10) * 64));
    const area = [{ x: 5, y: top, width: 40, height: 10 }];
    expect(encodeUpdate(strip, area, Encoding.hextile, native)).toEqual(
      encodeUpdate(whole, area, Encoding.hextile, native),
    );
  }
});
