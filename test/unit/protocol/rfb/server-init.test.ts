import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeClientInit,
  encodePixelFormat,
  encodeServerInit,
  MAX_DESKTOP_NAME_BYTES,
  parseAll,
  readPixelFormat,
  serverInit,
  type PixelFormat,
} from "../../../../protocol/index.ts";
import { checkGrammar, parseExactly } from "../check-grammar.ts";

const trueColour: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};
const WIRE = "0400" + "0300" + "20180001" + "00ff00ff00ff" + "100800" + "000000" + "00000004" + "78 3a31 31";

describe("ServerInit", () => {
  it("has the layout of RFC 6143 §7.3.2", () => {
    const wire = Buffer.from(WIRE.replaceAll(" ", ""), "hex");
    const value = { width: 1024, height: 768, pixelFormat: trueColour, name: "x:11" };
    checkGrammar(() => serverInit(), wire, value);
    expect(encodeServerInit(value)).toEqual(wire);
  });

  it("survives a round trip", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const word = fc.integer({ min: 0, max: 65535 });
    const pixelFormat = fc.record({
      bitsPerPixel: fc.constantFrom(8, 16, 32),
      depth: byte,
      bigEndian: fc.boolean(),
      trueColour: fc.boolean(),
      redMax: word,
      greenMax: word,
      blueMax: word,
      redShift: byte,
      greenShift: byte,
      blueShift: byte,
    });
    const name = fc.string({ unit: "binary" }).map((text) => Buffer.from(text).toString());
    fc.assert(
      fc.property(fc.record({ width: word, height: word, pixelFormat, name }), (value) => {
        expect(parseExactly(serverInit(), encodeServerInit(value))).toEqual(value);
      }),
    );
  });

  it("limits the name", () => {
    const named = (length: number) =>
      encodeServerInit({ width: 1, height: 1, pixelFormat: trueColour, name: "n".repeat(length) });
    expect(parseExactly(serverInit(), named(MAX_DESKTOP_NAME_BYTES)).name).toHaveLength(
      MAX_DESKTOP_NAME_BYTES,
    );
    expect(() => parseAll(serverInit(), named(MAX_DESKTOP_NAME_BYTES + 1))).toThrow(
      expect.objectContaining({ name: "LimitError", code: "LENGTH_LIMIT" }),
    );
    expect(parseExactly(serverInit(3), named(3)).name).toBe("nnn");
    expect(() => parseAll(serverInit(3), named(4))).toThrow("at most 3");
  });

  it.each([0x80000000, 0xffffffff])("refuses a name of %i bytes before it comes", (length) => {
    const head = encodeServerInit({ width: 1, height: 1, pixelFormat: trueColour, name: "" });
    head.writeUInt32BE(length, 20);
    expect(() => parseAll(serverInit(), head)).toThrow(expect.objectContaining({ code: "LENGTH_LIMIT" }));
  });
});

describe("PixelFormat", () => {
  it.each([0, 1, 15, 24, 64, 255])("has no pixels of %i bits", (bits) => {
    const wire = encodePixelFormat({ ...trueColour, bitsPerPixel: bits });
    expect(() => parseAll(readPixelFormat(), wire)).toThrow(
      expect.objectContaining({ code: "RFB_PIXEL_FORMAT" }),
    );
  });
});

describe("ClientInit", () => {
  it("is one byte", () => {
    expect(encodeClientInit(true)).toEqual(Buffer.of(1));
    expect(encodeClientInit(false)).toEqual(Buffer.of(0));
  });
});
