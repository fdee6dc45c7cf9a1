import { describe, expect, it } from "vitest";
import {
  MAX_CREDENTIAL_BYTES,
  negotiateVeNCrypt,
  parseAll,
  plainCredentials,
  VeNCryptType,
  type Conversation,
} from "../../../../../protocol/index.ts";
import { cutEverywhere, playAgainst } from "../vnc-server-login/scripted-peer.ts";

const OFFER = [VeNCryptType.x509Vnc, VeNCryptType.x509Plain];
const negotiate = (peer: Conversation) => negotiateVeNCrypt(peer, OFFER);
const LIST = "0002" + "00" + "02" + "00000105" + "00000106";

function plain(user: Buffer, password: Buffer): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(user.length, 0);
  lengths.writeUInt32BE(password.length, 4);
  return Buffer.concat([lengths, user, password]);
}

describe("VeNCrypt towards a viewer", () => {
  it.each(OFFER)(
    "comes to sub-type %i, however its bytes are cut, and takes no byte of the TLS",
    async (subType) => {
      const hello = Buffer.of(0x16, 3, 1);
      const input = Buffer.concat([Buffer.of(0, 2, 0, 0, 1, subType - 256), hello]);
      for (const pieces of cutEverywhere(input)) {
        const { outcome, sent, rest } = await playAgainst(pieces, negotiate);
        expect(outcome).toEqual({ value: subType });
        expect(sent.toString("hex")).toBe(`${LIST}01`);
        expect(hello.subarray(0, rest.length)).toEqual(rest);
      }
    },
  );

  it("of all sub-types, only those that are offered pass", async () => {
    for (let subType = 0; subType < 600; subType++) {
      if (OFFER.some((offered) => offered === subType)) continue;
      const input = Buffer.of(0, 2, 0, 0, subType >> 8, subType & 0xff);
      const { outcome, sent } = await playAgainst([input], negotiate);
      expect(outcome).toMatchObject({ code: "RFB_VENCRYPT_SUB_TYPE" });
      expect(sent.toString("hex")).toBe(`${LIST}00`);
    }
  });

  it.each([0x0000, 0x0001, 0x0003, 0x0100, 0x0200, 0xffff])("version %i is refused", async (version) => {
    const { outcome, sent } = await playAgainst([Buffer.of(version >> 8, version & 0xff)], negotiate);
    expect(outcome).toMatchObject({ code: "RFB_VENCRYPT_VERSION" });
    expect(sent.toString("hex")).toBe("0002ff");
  });

  it("is told when the viewer leaves, at every byte", async () => {
    const input = Buffer.of(0, 2, 0, 0, 1, 5);
    for (let length = 0; length < input.length; length++) {
      const { outcome } = await playAgainst([input.subarray(0, length)], negotiate);
      expect(outcome).toMatchObject({ code: "PEER_CLOSED" });
    }
  });
});

describe("user name and password", () => {
  it.each([
    ["", ""],
    ["anna", "tok"],
    ["Rechner Ä", "ü".repeat(10)],
    ["u".repeat(MAX_CREDENTIAL_BYTES), "p".repeat(MAX_CREDENTIAL_BYTES)],
  ])("are read: %j", (user, password) => {
    const input = plain(Buffer.from(user), Buffer.from(password));
    expect(parseAll(plainCredentials(), input)).toEqual({ value: { user, password }, rest: Buffer.alloc(0) });
  });

  it.each([
    [MAX_CREDENTIAL_BYTES + 1, 0],
    [0, MAX_CREDENTIAL_BYTES + 1],
    [0x8000_0000, 0],
    [0, 0xffff_ffff],
  ])("with lengths of %i and %i are refused before a byte of them is awaited", (user, password) => {
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(user, 0);
    lengths.writeUInt32BE(password, 4);
    expect(() => parseAll(plainCredentials(), lengths)).toThrow(/at most 1024/);
  });
});
