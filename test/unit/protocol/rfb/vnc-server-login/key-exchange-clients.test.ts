// Apple's Diffie-Hellman and MSLogonII against servers that do the arithmetic themselves.
import { getDiffieHellman } from "node:crypto";
import { describe, expect, it } from "vitest";
import { APPLE_DH_MAX_BYTES, APPLE_DH_MIN_BYTES, encodeU16 } from "../../../../../protocol/index.ts";
import { appleDhSecurity, msLogonSecurity } from "../../../../support/test-vnc-security.ts";
import { checkEveryCut, EVERYTHING, meet, offer, OK, play } from "./server-conversation.ts";

const PRIME = getDiffieHellman("modp1").getPrime();

function appleOffer(prime: Buffer, publicKey: Buffer, generator = 2): Buffer {
  return Buffer.concat([offer(30), encodeU16(generator), encodeU16(prime.length), prime, publicKey]);
}

describe.each([
  ["Apple's Diffie-Hellman", appleDhSecurity, 63, 63],
  ["MSLogonII", msLogonSecurity, 255, 63],
])("%s", (_name, security, longestUser, longestPassword) => {
  it.each([
    ["ada", "secret"],
    ["", ""],
    ["Ünï", "pässwörd €"],
  ])("brings user %j and password %j across", async (user, password) => {
    for (let run = 0; run < 8; run++) {
      expect(await meet(security({ user, password }), { ...EVERYTHING, user, password })).toBe(true);
    }
  });

  it("a wrong password is told", async () => {
    const account = { user: "ada", password: "right" };
    expect(await meet(security(account), { ...EVERYTHING, user: "ada", password: "wrong" })).toBe(false);
  });

  it("the longest user name and password that fit, and no longer ones", async () => {
    const login = { user: "u".repeat(longestUser), password: "p".repeat(longestPassword) };
    expect(await meet(security(login), { ...EVERYTHING, ...login })).toBe(true);
    const input =
      security(login).type === 30
        ? appleOffer(PRIME, Buffer.alloc(PRIME.length, 0x17))
        : Buffer.concat([offer(113), Buffer.alloc(24, 0x17)]);
    for (const more of [{ user: `${login.user}u` }, { password: `${login.password}p` }]) {
      const { outcome, sent } = await play(input, { ...EVERYTHING, ...login, ...more });
      expect(outcome).toMatchObject({ code: "SERVER_PASSWORD_WRONG" });
      expect(sent).toHaveLength(13);
    }
  });
});

describe("Apple's Diffie-Hellman", () => {
  it("with 2048 bits", async () => {
    const account = { user: "ada", password: "secret" };
    expect(await meet(appleDhSecurity(account, "modp14"), { ...EVERYTHING, ...account })).toBe(true);
  });

  it("however its bytes are cut", async () => {
    const own = Buffer.alloc(PRIME.length);
    // Node leaves leading zeros out: one key in 256 is shorter than the prime.
    const key = getDiffieHellman("modp1").generateKeys();
    key.copy(own, own.length - key.length);
    const input = Buffer.concat([appleOffer(PRIME, own), OK]);
    await checkEveryCut(input, EVERYTHING, "appleDh");
    const { outcome, sent } = await play(input);
    expect(outcome).toMatchObject({ value: { security: "appleDh" } });
    expect(sent).toHaveLength(13 + 128 + PRIME.length);
  });

  it.each([0, APPLE_DH_MIN_BYTES - 1, APPLE_DH_MAX_BYTES + 1, 0xffff])(
    "a key of %i bytes is refused before it is awaited",
    async (length) => {
      const head = Buffer.concat([offer(30), encodeU16(2), encodeU16(length)]);
      expect((await play(head)).outcome).toMatchObject({ code: "SERVER_KEY_EXCHANGE" });
    },
  );

  it.each([
    ["a prime of nothing", Buffer.alloc(96), Buffer.alloc(96, 3)],
    ["an even one", Buffer.alloc(96, 0x80), Buffer.alloc(96, 3)],
    ["a public key of 0", PRIME, Buffer.alloc(PRIME.length)],
    ["a public key beyond the prime", PRIME, Buffer.alloc(PRIME.length, 0xff)],
    ["a small one", Buffer.concat([Buffer.alloc(95), Buffer.of(7)]), Buffer.alloc(96, 3)],
    ["a public key of 1", PRIME, Buffer.concat([Buffer.alloc(PRIME.length - 1), Buffer.of(1)])],
  ])("%s is of no use", async (_name, prime, publicKey) => {
    const { outcome, sent } = await play(appleOffer(prime, publicKey));
    expect(outcome).toMatchObject({ code: "SERVER_KEY_EXCHANGE" });
    expect(sent).toHaveLength(13);
  });
});

describe("MSLogonII", () => {
  it("however its bytes are cut", async () => {
    const numbers = Buffer.from("0000000000000005" + "7fffffffffffffe7" + "0123456789abcdef", "hex");
    await checkEveryCut(Buffer.concat([offer(113), numbers, OK]), EVERYTHING, "msLogonII");
  });

  it.each(["0000000000000000", "0000000000000001", "0000000000000002"])(
    "a modulus of %s is of no use",
    async (modulus) => {
      const numbers = Buffer.from(`0000000000000005${modulus}0123456789abcdef`, "hex");
      const { outcome } = await play(Buffer.concat([offer(113), numbers]));
      expect(outcome).toMatchObject({ code: "SERVER_KEY_EXCHANGE" });
    },
  );
});
