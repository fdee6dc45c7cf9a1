import { describe, expect, it } from "vitest";
import {
  encodeLengthPrefixed,
  encodeProtocolVersion,
  encodeU32,
  logInToServer,
  isRsaAes,
  SecurityType,
  vncAuthResponse,
  type ServerLoginResult,
  type RfbVersion,
} from "../../../../../protocol/index.ts";
import { cutEverywhere, playAgainst } from "./scripted-peer.ts";

const VERSIONS: readonly RfbVersion[] = ["3.3", "3.7", "3.8"];
const CHALLENGE = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const NOTHING = Buffer.alloc(0);
const OK = encodeU32(0);
const FAILED = encodeU32(1);

function offer(version: RfbVersion, ...types: number[]): Buffer {
  const list = version === "3.3" ? encodeU32(types[0]!) : Buffer.of(types.length, ...types);
  return Buffer.concat([encodeProtocolVersion(version), list]);
}

function serverBytes(version: RfbVersion, type: SecurityType): Buffer {
  const challenge = type === SecurityType.vncAuth ? CHALLENGE : NOTHING;
  const hasResult = version === "3.8" || type === SecurityType.vncAuth;
  return Buffer.concat([offer(version, type), challenge, hasResult ? OK : NOTHING]);
}

function entered(type: number): ServerLoginResult {
  return { security: type === SecurityType.none ? "none" : "vncAuth", hasTightCapabilities: false };
}

describe.each(VERSIONS)("a %s server", (version) => {
  const enter = (password?: string) => (peer: Parameters<typeof logInToServer>[0]) =>
    logInToServer(peer, password === undefined ? {} : { password });

  it.each([SecurityType.none, SecurityType.vncAuth])(
    "is entered by security type %i, however its bytes are cut",
    async (type) => {
      const input = serverBytes(version, type);
      for (const pieces of cutEverywhere(input)) {
        const { outcome, sent, rest } = await playAgainst(pieces, enter("secret"));
        expect(outcome).toEqual({ value: entered(type) });
        expect(rest).toHaveLength(0);
        const choice = version === "3.3" ? NOTHING : Buffer.of(type);
        const response = type === SecurityType.vncAuth ? vncAuthResponse("secret", CHALLENGE) : NOTHING;
        expect(sent).toEqual(Buffer.concat([encodeProtocolVersion(version), choice, response]));
      }
    },
  );

  it("that closes too early is reported, at every byte", async () => {
    const input = serverBytes(version, SecurityType.vncAuth);
    for (let length = 0; length < input.length; length++) {
      const { outcome } = await playAgainst([input.subarray(0, length)], enter("secret"));
      expect(outcome).toMatchObject({ code: "PEER_CLOSED" });
    }
  });

  it("that wants a password gets none when none is set", async () => {
    const { outcome, sent } = await playAgainst([serverBytes(version, SecurityType.vncAuth)], enter());
    expect(outcome).toMatchObject({ code: "SERVER_PASSWORD_MISSING" });
    expect(sent.length).toBeLessThan(14);
  });

  it("that refuses the password", async () => {
    const reason = version === "3.8" ? encodeLengthPrefixed("Authentication failed") : NOTHING;
    const input = Buffer.concat([offer(version, 2), CHALLENGE, FAILED, reason]);
    const { outcome, rest } = await playAgainst([input], enter("wrong"));
    expect(outcome).toMatchObject({ code: "SERVER_PASSWORD_WRONG" });
    expect(rest).toHaveLength(0);
  });

  it("that has had too many tries", async () => {
    const reason = version === "3.8" ? encodeLengthPrefixed("Too many authentication failures") : NOTHING;
    const input = Buffer.concat([offer(version, 2), CHALLENGE, encodeU32(2), reason]);
    const { outcome } = await playAgainst([input], enter("secret"));
    expect(outcome).toMatchObject({ code: "SERVER_REFUSED" });
  });

  it("that refuses everybody is not quoted to others", async () => {
    const none = version === "3.3" ? Buffer.alloc(4) : Buffer.alloc(1);
    const input = Buffer.concat([
      encodeProtocolVersion(version),
      none,
      encodeLengthPrefixed("host alpha.example is busy"),
    ]);
    const { outcome } = await playAgainst([input], enter());
    expect(outcome).toMatchObject({ code: "SERVER_REFUSED" });
    expect(JSON.stringify(outcome)).not.toContain("alpha");
  });

  it("passes with a password by security types None, VncAuth and (not decided by 3.3) Tight alone, and RSA-AES begins", async () => {
    for (let type = 0; type < 256; type++) {
      const input = Buffer.concat([offer(version, type), Buffer.alloc(64)]);
      const { outcome } = await playAgainst([input], enter("secret"));
      if (type === SecurityType.none || type === SecurityType.vncAuth) {
        expect(outcome).toEqual({ value: entered(type) });
      } else if (type === SecurityType.tight && version !== "3.3") {
        expect(outcome).toEqual({ value: { security: "tight none", hasTightCapabilities: true } });
      } else if (type === SecurityType.appleDh && version !== "3.3") {
        expect(outcome).toMatchObject({ code: "SERVER_USER_MISSING" });
      } else if (isRsaAes(type) && version !== "3.3") {
        // It begins with a key of no bits.
        expect(outcome).toMatchObject({ code: "RSA_AES_KEY_SIZE" });
      } else if (type !== 0) {
        expect(outcome).toMatchObject({ code: "SERVER_SECURITY_UNSUPPORTED" });
      } else {
        expect(outcome).toHaveProperty("code");
      }
    }
  });

  it.each([3, 0x100, 0x80000000, 0xffffffff])("with SecurityResult %i is not understood", async (result) => {
    const input = Buffer.concat([offer(version, 2), CHALLENGE, encodeU32(result)]);
    const { outcome } = await playAgainst([input], enter("secret"));
    expect(outcome).toMatchObject({ code: "RFB_SECURITY_RESULT" });
  });
});

describe("a server with several security types", () => {
  it("is entered without a password if it allows that", async () => {
    const input = Buffer.concat([offer("3.8", 19, 2, 1), OK]);
    const { outcome, sent } = await playAgainst([input], (peer) =>
      logInToServer(peer, { password: "secret" }),
    );
    expect(outcome).toEqual({ value: entered(SecurityType.none) });
    expect(sent.at(-1)).toBe(1);
  });

  it("is entered by VncAuth past those that are not supported", async () => {
    const input = Buffer.concat([offer("3.8", 19, 20, 2), CHALLENGE, OK]);
    const { sent } = await playAgainst([input], (peer) => logInToServer(peer, { password: "secret" }));
    expect(sent.subarray(12)).toEqual(Buffer.concat([Buffer.of(2), vncAuthResponse("secret", CHALLENGE)]));
  });

  it("of 255 unknown types is refused", async () => {
    const types = Array.from({ length: 255 }, (_, index) =>
      [0, 1, 2, 5, 6, 16, 18, 19, 30, 129, 130].includes(index + 1) ? 77 : index + 1,
    );
    const { outcome } = await playAgainst([offer("3.8", ...types)], (peer) => logInToServer(peer, {}));
    expect(outcome).toMatchObject({ code: "SERVER_SECURITY_UNSUPPORTED" });
  });
});

describe("a refusal", () => {
  it("without its reason is a refusal still", async () => {
    for (const input of [
      Buffer.concat([offer("3.8", 2), CHALLENGE, FAILED]),
      Buffer.concat([offer("3.8", 2), CHALLENGE, FAILED, Buffer.of(0, 0, 0, 9, 0x41)]),
    ]) {
      const { outcome } = await playAgainst([input], (peer) => logInToServer(peer, { password: "secret" }));
      expect(outcome).toMatchObject({ code: "SERVER_PASSWORD_WRONG" });
    }
  });

  it.each([4097, 0x80000000, 0xffffffff])("with a reason of %i bytes is cut short", async (length) => {
    const input = Buffer.concat([offer("3.8", 1), FAILED, encodeU32(length)]);
    const { outcome } = await playAgainst([input], (peer) => logInToServer(peer, {}));
    expect(outcome).toMatchObject({ code: "LENGTH_LIMIT" });
  });

  it("with the longest reason is read", async () => {
    const input = Buffer.concat([offer("3.8", 1), FAILED, encodeLengthPrefixed("r".repeat(4096))]);
    const { outcome } = await playAgainst([input], (peer) => logInToServer(peer, {}));
    expect(outcome).toMatchObject({ code: "SERVER_REFUSED" });
  });
});
