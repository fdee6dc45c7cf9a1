import { describe, expect, it } from "vitest";
import {
  bytes,
  encodeLengthPrefixed,
  encodeU16,
  encodeU32,
  encodeU8,
  lengthPrefixed,
  parseAll,
  s32,
  text,
  u16,
  u32,
  u8,
} from "../../../../protocol/index.ts";
import { checkGrammar, parseExactly } from "../check-grammar.ts";

describe("integers", () => {
  it("are big-endian", () => {
    checkGrammar(u8, Buffer.of(0xfe), 0xfe);
    checkGrammar(u16, Buffer.of(0x01, 0x02), 0x0102);
    checkGrammar(u32, Buffer.of(0xff, 0x02, 0x03, 0x04), 0xff020304);
    checkGrammar(s32, Buffer.of(0xff, 0xff, 0xfe, 0xcc), -308);
  });

  it("are written as they are read", () => {
    expect(parseExactly(u8(), encodeU8(255))).toBe(255);
    expect(parseExactly(u16(), encodeU16(65535))).toBe(65535);
    expect(parseExactly(u32(), encodeU32(0xffffffff))).toBe(0xffffffff);
  });
});

describe("fields", () => {
  it("carry their length", () => {
    checkGrammar(() => text(10, "t"), Buffer.from("00000003e29883", "hex"), "☃");
    checkGrammar(() => lengthPrefixed(10, "t"), encodeLengthPrefixed(Buffer.of(1, 2)), Buffer.of(1, 2));
    expect(encodeLengthPrefixed("☃")).toEqual(Buffer.from("00000003e29883", "hex"));
  });

  it("may be empty, whatever comes behind", () => {
    checkGrammar(() => text(0, "t"), Buffer.alloc(4), "");
    checkGrammar(() => lengthPrefixed(0, "t"), Buffer.alloc(4), Buffer.alloc(0));
    expect(parseAll(bytes(0), Buffer.of(9))).toEqual({ value: Buffer.alloc(0), rest: Buffer.of(9) });
  });

  it("are refused before they come when they are too long", () => {
    expect(parseAll(text(5, "t"), encodeU32(5))).toEqual({ missing: 5 });
    for (const length of [6, 0x80000000, 0xffffffff]) {
      expect(() => parseAll(text(5, "Some.field"), encodeU32(length))).toThrow(
        expect.objectContaining({
          code: "LENGTH_LIMIT",
          message: `Some.field is ${length} bytes long, at most 5 are allowed`,
        }),
      );
    }
  });

  it("outlive the input that they came from", () => {
    const input = encodeLengthPrefixed("abc");
    const value = parseExactly(lengthPrefixed(3, "t"), input);
    input.fill(0);
    expect(value.toString()).toBe("abc");
  });
});
