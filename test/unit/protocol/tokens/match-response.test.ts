import { createCipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  generateToken,
  matchesToken,
  prepareResponse,
  prepareToken,
  vncAuthResponse,
} from "../../../../protocol/index.ts";

const challenge = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");

describe("token matching", () => {
  it("finds the one token of many that answered", () => {
    const tokens = Array.from({ length: 500 }, generateToken);
    const keys = tokens.map(prepareToken);
    const wanted = 321;
    const prepared = prepareResponse(challenge, vncAuthResponse(tokens[wanted]!, challenge));
    expect(keys.flatMap((key, index) => (matchesToken(key, prepared) ? [index] : []))).toEqual([wanted]);
  });

  it("accepts exactly the tokens that answer alike", () => {
    const password = fc.string({
      unit: fc.integer({ min: 32, max: 126 }).map((c) => String.fromCharCode(c)),
    });
    fc.assert(
      fc.property(
        password,
        password,
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (one, other, bytes) => {
          const fresh = Buffer.from(bytes);
          const prepared = prepareResponse(fresh, vncAuthResponse(other, fresh));
          expect(matchesToken(prepareToken(other), prepared)).toBe(true);
          expect(matchesToken(prepareToken(one), prepared)).toBe(one.slice(0, 8) === other.slice(0, 8));
        },
      ),
    );
  });

  it("refuses a response of which only one half is right", () => {
    const right = vncAuthResponse("k7RmTz4q", challenge);
    const key = prepareToken("k7RmTz4q");
    for (let at = 0; at < 16; at++) {
      const wrong = Buffer.from(right);
      wrong[at]! ^= 1;
      expect(matchesToken(key, prepareResponse(challenge, wrong))).toBe(false);
    }
  });

  it("refuses a response to another challenge", () => {
    const key = prepareToken("k7RmTz4q");
    const replayed = vncAuthResponse("k7RmTz4q", challenge);
    for (let round = 0; round < 200; round++) {
      expect(matchesToken(key, prepareResponse(randomBytes(16), replayed))).toBe(false);
    }
  });

  it("takes 16 bytes and nothing else", () => {
    expect(() => prepareResponse(challenge.subarray(1), challenge)).toThrow("16 bytes");
    expect(() => prepareResponse(challenge, Buffer.alloc(17))).toThrow("16 bytes");
  });
});

describe("VncAuth response", () => {
  it("is DES under the reversed password, as OpenSSL computes it", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 12 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (passwordBytes, bytes) => {
          const password = Buffer.from(passwordBytes.map((byte) => byte & 0x7f)).toString("latin1");
          const fresh = Buffer.from(bytes);
          expect(vncAuthResponse(password, fresh)).toEqual(encryptByOpenSsl(password, fresh));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is of the very bytes of a password that is not ASCII", () => {
    for (const bytes of ["70c2a3", "70a3", "d0bfd0b0d180d0bed0bbd18c"]) {
      const password = Buffer.from(bytes, "hex");
      expect(vncAuthResponse(password, challenge)).toEqual(
        encryptByOpenSsl(password.toString("latin1"), challenge),
      );
    }
    expect(vncAuthResponse("p£", challenge)).toEqual(
      vncAuthResponse(Buffer.from("70c2a3", "hex"), challenge),
    );
  });

  it("ignores what follows the eighth character", () => {
    expect(vncAuthResponse("12345678", challenge)).toEqual(vncAuthResponse("123456789", challenge));
    expect(vncAuthResponse("1234567", challenge)).not.toEqual(vncAuthResponse("12345678", challenge));
  });

  it("wants a challenge of 16 bytes", () => {
    expect(() => vncAuthResponse("secret", Buffer.alloc(15))).toThrow("16 bytes");
  });
});

function encryptByOpenSsl(password: string, block: Buffer): Buffer {
  const key = Buffer.alloc(8);
  key.write(password.slice(0, 8), "latin1");
  const reversed = Buffer.from(
    Array.from(key, (byte) => parseInt(byte.toString(2).padStart(8, "0").split("").reverse().join(""), 2)),
  );
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([reversed, reversed, reversed]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}
