import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseAll } from "../../../../../protocol/index.ts";
import {
  MAX_RECORD_BYTES,
  RecordOpener,
  RecordSealer,
} from "../../../../../protocol/rfb/rsa-aes/rsa-aes-records.ts";
import { Eax } from "../../../../../protocol/rfb/rsa-aes/eax.ts";

const KEY = randomBytes(32);

function open(opener: RecordOpener, wire: Buffer): { value: Buffer; rest: Buffer } {
  const parsed = parseAll(opener.record(), wire);
  if ("missing" in parsed) throw new Error(`${parsed.missing} bytes are missing`);
  return parsed;
}

describe("records", () => {
  it("have a length, ciphertext and a tag, under a little-endian counter", () => {
    const sealer = new RecordSealer(KEY);
    const eax = new Eax(KEY);
    for (let count = 0; count < 600; count++) {
      const nonce = Buffer.alloc(16);
      nonce.writeUInt32LE(count);
      const sealed = sealer.seal(Buffer.from("hello"));
      expect(sealed.subarray(0, 2)).toEqual(Buffer.of(0, 5));
      const [ciphertext, tag] = eax.seal(nonce, Buffer.of(0, 5), Buffer.from("hello"));
      expect(sealed.subarray(2)).toEqual(Buffer.concat([ciphertext, tag]));
    }
  });

  it.each([1, 8_191, 8_192, 8_193, 20_000, 100_000])("carry %i bytes, 8,192 each", (length) => {
    const plaintext = randomBytes(length);
    const sealed = new RecordSealer(KEY).seal(plaintext);
    expect(sealed).toHaveLength(length + 18 * Math.ceil(length / 8_192));
    const opener = new RecordOpener(KEY);
    const opened: Buffer[] = [];
    for (let rest = sealed; rest.length > 0;) {
      const record = open(opener, rest);
      opened.push(record.value);
      rest = record.rest;
    }
    expect(Buffer.concat(opened).equals(plaintext)).toBe(true);
  });

  it("of no bytes make none", () => {
    expect(new RecordSealer(KEY).seal(Buffer.alloc(0))).toHaveLength(0);
  });

  it("are opened up to the length that a U16 has, and no longer than asked for", () => {
    const eax = new Eax(KEY);
    const message = randomBytes(MAX_RECORD_BYTES);
    const header = Buffer.of(0xff, 0xff);
    const wire = Buffer.concat([header, ...eax.seal(Buffer.alloc(16), header, message)]);
    expect(open(new RecordOpener(KEY), wire).value.equals(message)).toBe(true);
    const limit = (bytes: number) => () => parseAll(new RecordOpener(KEY).record(bytes), Buffer.of(0, 100));
    expect(limit(100)()).toEqual({ missing: 116 });
    expect(limit(99)).toThrow(expect.objectContaining({ code: "LENGTH_LIMIT" }));
  });

  it("are refused when repeated, left out, swapped or under another key", () => {
    const refused = expect.objectContaining({ code: "RSA_AES_RECORD" });
    const sealer = new RecordSealer(KEY);
    const [first, second] = [sealer.seal(Buffer.from("one")), sealer.seal(Buffer.from("two"))];
    const opener = new RecordOpener(KEY);
    expect(() => open(opener, second)).toThrow(refused);
    expect(open(opener, first).value.toString()).toBe("one");
    expect(() => open(opener, first)).toThrow(refused);
    expect(open(opener, second).value.toString()).toBe("two");
    expect(() => open(new RecordOpener(randomBytes(32)), first)).toThrow(refused);
  });
});
