import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeLengthPrefixed,
  encodeU32,
  FrameDecoder,
  lengthPrefixed,
  text,
} from "../../../../protocol/index.ts";

describe("FrameDecoder", () => {
  it("gives the same values however the input is cut", () => {
    const pieces = fc.array(fc.nat(12), { maxLength: 80 });
    const strings = fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 });
    fc.assert(
      fc.property(strings, pieces, (sent, cuts) => {
        const input = Buffer.concat(sent.map((one) => encodeLengthPrefixed(one)));
        const received: string[] = [];
        const decoder = new FrameDecoder(
          () => text(100, "t"),
          (value) => received.push(value),
        );
        let at = 0;
        for (const cut of cuts) {
          decoder.push(input.subarray(at, at + cut));
          at += cut;
        }
        decoder.push(input.subarray(at));
        expect(received).toEqual(sent.map((one) => Buffer.from(one).toString()));
        expect(decoder.idle).toBe(true);
      }),
    );
  });

  it("is not idle inside a value", () => {
    const decoder = new FrameDecoder(
      () => text(100, "t"),
      () => undefined,
    );
    expect(decoder.idle).toBe(true);
    decoder.push(Buffer.of(0));
    expect(decoder.idle).toBe(false);
    decoder.push(Buffer.of(0, 0, 1));
    expect(decoder.idle).toBe(false);
    decoder.push(Buffer.from("x"));
    expect(decoder.idle).toBe(true);
  });

  it("does not keep the chunks that it was given", () => {
    const received: string[] = [];
    const decoder = new FrameDecoder(
      () => text(100, "t"),
      (value) => received.push(value),
    );
    const chunk = Buffer.from([0, 0, 0, 3, 0x61, 0x62]);
    decoder.push(chunk);
    chunk.fill(0);
    decoder.push(Buffer.from("c"));
    expect(received).toEqual(["abc"]);
  });

  it("takes a mebibyte in single bytes without holding more than about that", () => {
    const length = 1024 * 1024;
    let size = 0;
    const decoder = new FrameDecoder(
      () => lengthPrefixed(length, "t"),
      (value) => (size = value.length),
    );
    const byte = Buffer.of(0x78);
    const before = process.memoryUsage();
    decoder.push(encodeU32(length));
    for (let i = 0; i < length - 1; i++) decoder.push(byte);
    const after = process.memoryUsage();
    expect(size).toBe(0);
    // An object for each byte would be a hundred mebibytes.
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(grown).toBeLessThan(32 * 1024 * 1024);
    decoder.push(byte);
    expect(size).toBe(length);
  });

  it("allocates for what has come, not for what was announced", () => {
    const announced = 512 * 1024 * 1024;
    const decoder = new FrameDecoder(
      () => lengthPrefixed(announced, "t"),
      () => undefined,
    );
    const before = process.memoryUsage().arrayBuffers;
    decoder.push(encodeU32(announced));
    decoder.push(Buffer.alloc(100));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });
});
