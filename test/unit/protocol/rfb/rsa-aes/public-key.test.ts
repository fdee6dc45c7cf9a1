import { generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { describeRsaKey, encodeU32, formatKeyFingerprint, parseAll } from "../../../../../protocol/index.ts";
import { rsaPublicKey } from "../../../../../protocol/rfb/rsa-aes/public-key.ts";
import {
  decryptRandom,
  encryptedRandom,
  encryptRandom,
} from "../../../../../protocol/rfb/rsa-aes/random-exchange.ts";
import { checkGrammar } from "../../check-grammar.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const KEY = describeRsaKey(publicKey);

/** A key of this many bits as it is sent; it belongs to nobody. */
function keyWire(bits: number, change: { modulus?: (n: Buffer) => void; exponent?: Buffer } = {}): Buffer {
  const length = Math.ceil(bits / 8);
  const modulus = randomBytes(length);
  modulus[0] = 0xff;
  modulus[length - 1]! |= 1;
  change.modulus?.(modulus);
  const exponent = change.exponent ?? Buffer.of(1, 0, 1);
  return Buffer.concat([encodeU32(bits), modulus, Buffer.alloc(length - exponent.length), exponent]);
}

const read = (wire: Buffer) => () => parseAll(rsaPublicKey(), wire);

describe("a public key", () => {
  it("is read as it was written", () => {
    expect(KEY.wire).toHaveLength(4 + 2 * 128);
    checkGrammar(
      function* () {
        const { key, bytes, wire } = yield* rsaPublicKey();
        return { bytes, wire, same: key.equals(publicKey) };
      },
      KEY.wire,
      { bytes: 128, wire: KEY.wire, same: true },
    );
    expect(describeRsaKey(privateKey).wire).toEqual(KEY.wire);
  });

  it.each([1_024, 1_025, 8_191, 8_192])("of %i bits is accepted", (bits) => {
    const parsed = read(keyWire(bits))();
    expect(parsed).toMatchObject({ value: { bytes: Math.ceil(bits / 8) }, rest: Buffer.alloc(0) });
  });

  it.each([0, 1, 1_023, 8_193, 0x7fffffff, 0x80000000, 0xffffffff])(
    "of %i bits is refused before it is awaited",
    (bits) => {
      expect(read(encodeU32(bits))).toThrow(expect.objectContaining({ code: "RSA_AES_KEY_SIZE" }));
    },
  );

  it.each([
    ["a short modulus", { modulus: (n: Buffer) => void (n[0] = 0) }],
    ["an even modulus", { modulus: (n: Buffer) => void (n[n.length - 1]! &= 0xfe) }],
    ["exponent 0", { exponent: Buffer.of(0) }],
    ["exponent 1", { exponent: Buffer.of(1) }],
    ["an even exponent", { exponent: Buffer.of(1, 0, 0) }],
    ["an exponent of 65 bits", { exponent: Buffer.of(1, 0, 0, 0, 0, 0, 0, 0, 1) }],
  ])("with %s is refused", (_what, change) => {
    expect(read(keyWire(2_048, change))).toThrow(expect.objectContaining({ code: "RSA_AES_KEY" }));
  });

  it("with the longest exponent is accepted", () => {
    const exponent = Buffer.of(0xff, 0, 0, 0, 0, 0, 0, 1);
    expect(read(keyWire(2_048, { exponent }))()).toHaveProperty("value");
  });

  it("has the fingerprint that viewers show", () => {
    expect(formatKeyFingerprint(KEY)).toMatch(/^([0-9a-f]{2}-){7}[0-9a-f]{2}$/);
    // noVNC's and TigerVNC's is the SHA-1 of the same bytes, cut.
    const key = { ...KEY, wire: Buffer.from("abc") };
    expect(formatKeyFingerprint(key)).toBe("a9-99-3e-36-47-06-81-6a");
  });
});

describe("a random number", () => {
  it.each([16, 32])("of %i bytes comes back", (length) => {
    for (let count = 0; count < 20; count++) {
      const random = randomBytes(length);
      const wire = encryptRandom(KEY, random);
      const parsed = parseAll(encryptedRandom(128), wire);
      if ("missing" in parsed) throw new Error("bytes are missing");
      expect(decryptRandom(privateKey, parsed.value, length)).toEqual(random);
    }
  });

  it.each([0, 127, 129, 65_535])("announced with %i bytes for a key of 128 is refused at once", (length) => {
    const wire = Buffer.of(length >> 8, length & 0xff);
    expect(() => parseAll(encryptedRandom(128), wire)).toThrow(
      expect.objectContaining({ code: "RSA_AES_RANDOM" }),
    );
  });

  it("that is none, or has another length, becomes another one without a word", () => {
    const random = randomBytes(16);
    const good = encryptRandom(KEY, random).subarray(2);
    const changed = Buffer.from(good);
    changed[100]! ^= 1;
    for (const encrypted of [
      changed,
      Buffer.alloc(128),
      Buffer.alloc(128, 0xff),
      encryptRandom(KEY, randomBytes(15)).subarray(2),
      encryptRandom(KEY, randomBytes(17)).subarray(2),
    ]) {
      const [one, other] = [
        decryptRandom(privateKey, encrypted, 16),
        decryptRandom(privateKey, encrypted, 16),
      ];
      expect(one).toHaveLength(16);
      expect(one).not.toEqual(random);
      expect(one).not.toEqual(other);
    }
  });
});
