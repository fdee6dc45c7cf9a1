import { describe, expect, it } from "vitest";
import { readUpdates } from "../../../bench/stream/framebuffer-updates.ts";
import { StreamWalker } from "../../../bench/stream/stream-walker.ts";

const u16 = (value: number) => [value >> 8, value & 0xff];
const zeros = (length: number) => new Array<number>(length).fill(0);

function rectangle(encoding: number, width: number, height: number, ...data: number[]): number[] {
  return [...zeros(4), ...u16(width), ...u16(height), 0, 0, ...u16(encoding), ...data];
}

const update = (...rectangles: number[][]) => [0, 0, ...u16(rectangles.length), ...rectangles.flat()];
const RAW = rectangle(0, 2, 3, ...zeros(24));
const COPY = rectangle(1, 500, 500, ...zeros(4));
const ZRLE = rectangle(16, 64, 64, 0, 0, 1, 2, ...zeros(258));
const TIGHT = {
  fill: rectangle(7, 500, 400, 0x80, 1, 2, 3),
  jpeg: rectangle(7, 64, 64, 0x90, 0x90, 0x03, ...zeros(400)),
  "a long JPEG picture": rectangle(7, 64, 64, 0x9f, 0x81, 0x80, 0x01, ...zeros(16_385)),
  "pixels without compression": rectangle(7, 3, 1, 0x00, ...zeros(9)),
  "compressed pixels": rectangle(7, 4, 1, 0x10, 5, ...zeros(5)),
  "two colours": rectangle(7, 40, 20, 0x40, 1, 1, ...zeros(6), 7, ...zeros(7)),
  "two colours without compression": rectangle(7, 9, 5, 0x40, 1, 1, ...zeros(6), ...zeros(10)),
  "a palette": rectangle(7, 40, 20, 0x50, 1, 15, ...zeros(48), 7, ...zeros(7)),
  gradient: rectangle(7, 40, 20, 0x40, 2, 7, ...zeros(7)),
};
const OTHERS = [
  [2],
  [1, 0, 0, 0, ...u16(2), ...zeros(12)],
  [3, 0, 0, 0, 0, 0, 0, 3, 104, 105, 106],
  [3, 0, 0, 0, 255, 255, 255, 252, 0, 0, 0, 0],
];

function count(bytes: readonly number[], pieceBytes = bytes.length): number {
  let updates = 0;
  const walker = new StreamWalker(readUpdates(() => (updates += 1)));
  for (let at = 0; at < bytes.length; at += pieceBytes)
    walker.push(Buffer.from(bytes.slice(at, at + pieceBytes)));
  return updates;
}

describe("a VNC server's stream", () => {
  it.each(Object.entries({ raw: RAW, copyRect: COPY, zrle: ZRLE, ...TIGHT }))("%s", (_name, data) => {
    const bytes = update(data, RAW);
    expect(count([...bytes, ...bytes])).toBe(2);
    expect(count(bytes.slice(0, -1))).toBe(0);
  });

  it("is the same one byte at a time, with messages of other types between", () => {
    const everything = update(RAW, COPY, ZRLE, ...Object.values(TIGHT));
    const bytes = [...OTHERS.flat(), ...everything, ...OTHERS.flat(), ...update(), ...everything];
    expect(count(bytes)).toBe(3);
    expect(count(bytes, 1)).toBe(3);
    expect(count(bytes, 7)).toBe(3);
  });

  it.each([
    ["a message of type 150", [150]],
    ["a rectangle in the encoding 5", update(rectangle(5, 1, 1))],
    ["A Tight rectangle has the control 10", update(rectangle(7, 1, 1, 0xa0))],
  ])("is refused for %s", (words, bytes) => {
    expect(() => count(bytes)).toThrow(words);
  });
});
