import { describe, expect, test } from "vitest";
import { Canvas, mixColours } from "../../../../launcher/demo/canvas.ts";
import { demoClientMessage } from "../../../../launcher/demo/demo-viewer.ts";
import { encodeUpdate } from "../../../../launcher/demo/encode-update.ts";
import { findGlyph, GLYPH_ROWS } from "../../../../launcher/demo/font.ts";
import { findCharacter, nameKey } from "../../../../launcher/demo/key-names.ts";
import { makePixelWriter, NATIVE_FORMAT } from "../../../../launcher/demo/pixel-writer.ts";
import { Scene, SCENE_HEIGHT, SCENE_WIDTH } from "../../../../launcher/demo/scene.ts";
import { findChanges, TileSet } from "../../../../launcher/demo/tiles.ts";
import { Encoding, FrameDecoder, type PixelFormat } from "../../../../protocol/index.ts";

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

  test("colour maps are refused", () => {
    expect(() => makePixelWriter({ ...NATIVE_FORMAT, trueColour: false })).toThrow(/colour maps/);
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

describe("the scene", () => {
  const date = new Date(2026, 0, 2, 3, 4, 5);
  function paint(scene: Scene, at: number): Canvas {
    const canvas = new Canvas(SCENE_WIDTH, SCENE_HEIGHT);
    scene.paint(canvas, at, date);
    return canvas;
  }
  const count = (canvas: Canvas, colour: number): number =>
    canvas.pixels.filter((pixel) => pixel === colour).length;

  test("moves by itself, and not all of it", () => {
    const scene = new Scene();
    const [first, second] = [paint(scene, 1000), paint(scene, 1200)];
    const changed = findChanges(first.pixels, second.pixels, SCENE_WIDTH, SCENE_HEIGHT);
    const area = changed
      .take({ x: 0, y: 0, width: SCENE_WIDTH, height: SCENE_HEIGHT })
      .reduce((sum, { width, height }) => sum + width * height, 0);
    expect(area).toBeGreaterThan(5000);
    expect(area).toBeLessThan(120_000);
  });

  test("shows what was typed, and takes it back", () => {
    const scene = new Scene();
    const before = count(paint(scene, 0), 0xe8edf6);
    scene.typeKey(0x41);
    expect(count(paint(scene, 0), 0xe8edf6)).toBeGreaterThan(before);
    scene.typeKey(0xff08);
    expect(count(paint(scene, 0), 0xe8edf6)).toBe(before);
  });

  test("takes any number of keys and any position", () => {
    const scene = new Scene();
    for (let key = 0; key < 300; key++) scene.typeKey(key % 20 === 0 ? 0xff0d : 0x20 + (key % 95));
    scene.typeKey(0xffffffff);
    scene.movePointer(65_535, 65_535, 255, 10);
    paint(scene, 20);
  });

  test("the trail fades", () => {
    const scene = new Scene();
    scene.movePointer(100, 30, 0, 0);
    scene.movePointer(700, 30, 0, 10);
    const at = 30 * SCENE_WIDTH + 100;
    expect(paint(scene, 20).pixels[at]).not.toBe(paint(scene, 2000).pixels[at]);
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

test.each([
  [0x61, "a", "a"],
  [0x20, " ", "Space"],
  [0xff0d, undefined, "Enter"],
  [0xffbe, undefined, "F1"],
  [0x010020ac, "€", "€"],
  [0x12345, undefined, "0x12345"],
])("key %i", (keysym, character, name) => {
  expect(findCharacter(keysym)).toBe(character);
  expect(nameKey(keysym)).toBe(name);
});

test("colours are mixed channel by channel", () => {
  expect(mixColours(0x000000, 0xff8040, 0.5)).toBe(0x804020);
});

test("viewers' messages are cut where they end, one byte at a time too", () => {
  const messages = [
    [4, 1, 0, 0, 0, 0, 0, 0x41],
    [5, 0, 0, 9, 0, 9],
    [2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5],
    [6, 0, 0, 0, 0, 0, 0, 2, 0x68, 0x69],
    [255, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
  ].map((message) => Buffer.from(message));
  const whole = Buffer.concat(messages);
  for (const step of [1, 3, whole.length]) {
    const seen: string[] = [];
    const decoder = new FrameDecoder(demoClientMessage, (message) => seen.push(message.toString("hex")));
    for (let at = 0; at < whole.length; at += step) decoder.push(whole.subarray(at, at + step));
    expect(seen).toEqual(messages.map((message) => message.toString("hex")));
  }
});
