import { createCipheriv, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Cmac } from "../../../../../protocol/rfb/rsa-aes/cmac.ts";
import { Eax } from "../../../../../protocol/rfb/rsa-aes/eax.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

const MESSAGE = hex(
  "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51" +
    "30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
);

describe("CMAC", () => {
  // RFC 4493 §4 and NIST SP 800-38B, appendix D.3.
  it.each([
    ["2b7e151628aed2a6abf7158809cf4f3c", 0, "bb1d6929e95937287fa37d129b756746"],
    ["2b7e151628aed2a6abf7158809cf4f3c", 16, "070a16b46b4d4144f79bdd9dd04a287c"],
    ["2b7e151628aed2a6abf7158809cf4f3c", 40, "dfa66747de9ae63030ca32611497c827"],
    ["2b7e151628aed2a6abf7158809cf4f3c", 64, "51f0bebf7e3b9d92fc49741779363cfe"],
    [
      "603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4",
      0,
      "028962f61b7bf89efc6b551f4667d983",
    ],
    [
      "603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4",
      16,
      "28a7023f452e8f82bd4bf28d8c37c35c",
    ],
    [
      "603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4",
      40,
      "aaf3d8f1de5640c232f5b169b9c911e6",
    ],
    [
      "603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4",
      64,
      "e1992190549f6ed5696a2c056c315410",
    ],
  ])("with key %s of %i bytes", (key, length, expected) => {
    const cmac = new Cmac(hex(key));
    const message = MESSAGE.subarray(0, length);
    expect(cmac.mac(message)).toEqual(hex(expected));
    // In parts, and after others: nothing of a message stays for the next.
    cmac.mac(randomBytes(33));
    expect(cmac.mac(message.subarray(0, 7), message.subarray(7))).toEqual(hex(expected));
  });
});

/** From the paper of Bellare, Rogaway and Wagner: message, key, nonce, header, ciphertext with tag. */
const VECTORS: readonly (readonly [string, string, string, string, string])[] = [
  [
    "",
    "233952DEE4D5ED5F9B9C6D6FF80FF478",
    "62EC67F9C3A4A407FCB2A8C49031A8B3",
    "6BFB914FD07EAE6B",
    "E037830E8389F27B025A2D6527E79D01",
  ],
  [
    "F7FB",
    "91945D3F4DCBEE0BF45EF52255F095A4",
    "BECAF043B0A23D843194BA972C66DEBD",
    "FA3BFD4806EB53FA",
    "19DD5C4C9331049D0BDAB0277408F67967E5",
  ],
  [
    "1A47CB4933",
    "01F74AD64077F2E704C0F60ADA3DD523",
    "70C3DB4F0D26368400A10ED05D2BFF5E",
    "234A3463C1264AC6",
    "D851D5BAE03A59F238A23E39199DC9266626C40F80",
  ],
  [
    "481C9E39B1",
    "D07CF6CBB7F313BDDE66B727AFD3C5E8",
    "8408DFFF3C1A2B1292DC199E46B7D617",
    "33CCE2EABFF5A79D",
    "632A9D131AD4C168A4225D8E1FF755939974A7BEDE",
  ],
  [
    "40D0C07DA5E4",
    "35B6D0580005BBC12B0587124557D2C2",
    "FDB6B06676EEDC5C61D74276E1F8E816",
    "AEB96EAEBE2970E9",
    "071DFE16C675CB0677E536F73AFE6A14B74EE49844DD",
  ],
  [
    "4DE3B35C3FC039245BD1FB7D",
    "BD8E6E11475E60B268784C38C62FEB22",
    "6EAC5C93072D8E8513F750935E46DA1B",
    "D4482D1CA78DCE0F",
    "835BB4F15D743E350E728414ABB8644FD6CCB86947C5E10590210A4F",
  ],
  [
    "8B0A79306C9CE7ED99DAE4F87F8DD61636",
    "7C77D6E813BED5AC98BAA417477A2E7D",
    "1A8C98DCD73D38393B2BF1569DEEFC19",
    "65D2017990D62528",
    "02083E3979DA014812F59F11D52630DA30137327D10649B0AA6E1C181DB617D7F2",
  ],
  [
    "1BDA122BCE8A8DBAF1877D962B8592DD2D56",
    "5FFF20CAFAB119CA2FC73549E20F5B0D",
    "DDE59B97D722156D4D9AFF2BC7559826",
    "54B9F04E6A09189A",
    "2EC47B2C4954A489AFC7BA4897EDCDAE8CC33B60450599BD02C96382902AEF7F832A",
  ],
  [
    "6CF36720872B8513F6EAB1A8A44438D5EF11",
    "A4A4782BCFFD3EC5E7EF6D8C34A56123",
    "B781FCF2F75FA5A8DE97A9CA48E522EC",
    "899A175897561D7E",
    "0DE18FD0FDD91E7AF19F1D8EE8733938B1E8E7F6D2231618102FDB7FE55FF1991700",
  ],
  [
    "CA40D7446E545FFAED3BD12A740A659FFBBB3CEAB7",
    "8395FCF1E95BEBD697BD010BC766AAC3",
    "22E7ADD93CFC6393C57EC0B3C17D6B44",
    "126735FCC320D25A",
    "CB8920F87A6C75CFF39627B56E3ED197C552D295A7CFC46AFC253B4652B1AF3795B124AB6E",
  ],
];

describe("EAX", () => {
  it.each(VECTORS)("of message %j", (message, key, nonce, header, expected) => {
    const eax = new Eax(hex(key));
    const [ciphertext, tag] = eax.seal(hex(nonce), hex(header), hex(message));
    expect(Buffer.concat([ciphertext, tag])).toEqual(hex(expected));
    expect(eax.open(hex(nonce), hex(header), ciphertext, tag)).toEqual(hex(message));
  });

  it.each([16, 32])("with %i-byte keys agrees with the definition, whatever the length", (keyBytes) => {
    const key = randomBytes(keyBytes);
    const [sealing, opening] = [new Eax(key), new Eax(key)];
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 1000, 8191, 8192, 8193, 65_535]) {
      const [nonce, header, message] = [randomBytes(16), randomBytes(2), randomBytes(length)];
      const [ciphertext, tag] = sealing.seal(nonce, header, message);
      expect(Buffer.concat([ciphertext, tag]).equals(sealByDefinition(key, nonce, header, message))).toBe(
        true,
      );
      expect(opening.open(nonce, header, ciphertext, tag)?.equals(message)).toBe(true);
    }
  });

  it("opens nothing of which a bit was changed", () => {
    const eax = new Eax(randomBytes(16));
    const [nonce, header, message] = [randomBytes(16), randomBytes(2), randomBytes(20)];
    const [ciphertext, tag] = eax.seal(nonce, header, message);
    for (const part of [nonce, header, ciphertext, tag]) {
      for (let bit = 0; bit < 8 * part.length; bit++) {
        part[bit >> 3]! ^= 1 << (bit & 7);
        expect(eax.open(nonce, header, ciphertext, tag)).toBeNull();
        part[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
    expect(eax.open(nonce, header, ciphertext, tag)).toEqual(message);
  });
});

/** EAX as the paper writes it, block by block, without any of our shortcuts. */
function sealByDefinition(key: Buffer, nonce: Buffer, header: Buffer, message: Buffer): Buffer {
  const encrypt = (block: Buffer): Buffer => {
    const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  };
  const add = (one: Buffer, other: Buffer): Buffer => Buffer.from(one.map((byte, at) => byte ^ other[at]!));
  const double = (block: Buffer): Buffer => {
    const number = BigInt(`0x${block.toString("hex")}`) << 1n;
    const reduced = number >> 128n ? (number ^ 0x87n) & ((1n << 128n) - 1n) : number;
    return Buffer.from(reduced.toString(16).padStart(32, "0"), "hex");
  };
  const whole = double(encrypt(Buffer.alloc(16)));
  const omac = (use: number, text: Buffer): Buffer => {
    const tweak = Buffer.alloc(16);
    tweak[15] = use;
    const input = Buffer.concat([tweak, text]);
    const isWhole = input.length % 16 === 0;
    const padded = isWhole
      ? input
      : Buffer.concat([input, Buffer.of(0x80), Buffer.alloc(15 - (input.length % 16))]);
    let state = Buffer.alloc(16);
    for (let at = 0; at < padded.length; at += 16) {
      let block = Buffer.from(padded.subarray(at, at + 16));
      if (at + 16 === padded.length) block = add(block, isWhole ? whole : double(whole)) as typeof block;
      state = encrypt(add(state, block)) as typeof state;
    }
    return state;
  };
  const start = omac(0, nonce);
  const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, start);
  const ciphertext = Buffer.concat([cipher.update(message), cipher.final()]);
  return Buffer.concat([ciphertext, add(add(start, omac(1, header)), omac(2, ciphertext))]);
}
