import { describe, expect, it } from "vitest";
import {
  encodeServerInit,
  encodeU16,
  encodeU32,
  LimitError,
  MAX_TIGHT_CAPABILITIES,
  MAX_TIGHT_CHOICES,
  parseAll,
  tightServerInit,
  vncAuthResponse,
} from "../../../../../protocol/index.ts";
import { tightSecurity, type TightAuth } from "../../../../support/test-vnc-security.ts";
import { checkGrammar } from "../../check-grammar.ts";
import {
  CHALLENGE,
  checkEveryCut,
  EVERYTHING,
  meet,
  NOTHING,
  offer,
  OK,
  play,
} from "./server-conversation.ts";

function list(...codes: number[]): Buffer {
  return Buffer.concat([
    encodeU32(codes.length),
    ...codes.flatMap((code) => [encodeU32(code), Buffer.from("STDVSIGNATUR")]),
  ]);
}

const NO_TUNNELS = list();
const LOGIN = Buffer.concat([encodeU32(3), encodeU32(6), Buffer.from("adasecret")]);

describe("Tight", () => {
  it.each<[string, Buffer, Buffer, Buffer]>([
    ["tight none", list(), NOTHING, NOTHING],
    ["tight none", list(1, 2), NOTHING, encodeU32(1)],
    [
      "tight vncAuth",
      list(2),
      CHALLENGE,
      Buffer.concat([encodeU32(2), vncAuthResponse("secret", CHALLENGE)]),
    ],
    ["tight unixLogin", list(129), NOTHING, Buffer.concat([encodeU32(129), LOGIN])],
  ])("%s, however its bytes are cut", async (name, auths, said, answered) => {
    for (const tunnels of [NO_TUNNELS, list(0), list(7, 0)]) {
      const input = Buffer.concat([offer(16), tunnels, auths, said, OK]);
      const { outcome, sent } = await play(input);
      expect(outcome).toEqual({ value: { security: name, hasTightCapabilities: true } });
      const choice = tunnels === NO_TUNNELS ? NOTHING : encodeU32(0);
      expect(sent.subarray(12)).toEqual(Buffer.concat([Buffer.of(16), choice, answered]));
    }
    await checkEveryCut(Buffer.concat([offer(16), list(0), auths, said, OK]), EVERYTHING, name);
  });

  it.each<TightAuth>(["absent", "none", "vncAuth", "unixLogin"])(
    "%s satisfies a server of another make",
    async (auth) => {
      const account = { user: "ada", password: "secret" };
      for (const tunnels of [0, 3]) {
        expect(await meet(tightSecurity(auth, account, tunnels), EVERYTHING)).toBe(true);
      }
      if (auth === "absent" || auth === "none") return;
      expect(await meet(tightSecurity(auth, account, 0), { ...EVERYTHING, password: "other" })).toBe(false);
    },
  );

  it("with no authentication that is known", async () => {
    const { outcome } = await play(Buffer.concat([offer(16), NO_TUNNELS, list(19, 130)]));
    expect(outcome).toMatchObject({ code: "SERVER_SECURITY_UNSUPPORTED" });
  });

  it("lists are bounded", async () => {
    const longest = list(...Array.from({ length: MAX_TIGHT_CHOICES }, (_, index) => 1000 + index));
    const fits = await play(Buffer.concat([offer(16), longest, list(1), OK]));
    expect(fits.outcome).toMatchObject({ value: { security: "tight none" } });
    for (const count of [MAX_TIGHT_CHOICES + 1, 0x80000000, 0xffffffff]) {
      for (const input of [encodeU32(count), Buffer.concat([NO_TUNNELS, encodeU32(count)])]) {
        const { outcome } = await play(Buffer.concat([offer(16), input]));
        expect(outcome).toMatchObject({ code: "LENGTH_LIMIT" });
      }
    }
  });
});

describe("ServerInit after Tight", () => {
  const pixelFormat = {
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
  const init = { width: 640, height: 480, pixelFormat, name: "somewhere" };
  const withCounts = (server: number, client: number, encodings: number): Buffer =>
    Buffer.concat([
      encodeServerInit(init),
      ...[server, client, encodings, 0].map(encodeU16),
      Buffer.alloc(16 * (server + client + encodings), 0x41),
    ]);

  it.each([
    [0, 0, 0],
    [4, 2, 11],
    [MAX_TIGHT_CAPABILITIES, 0, 0],
  ])("is freed of %i + %i + %i capabilities", (server, client, encodings) => {
    const input = Buffer.concat([withCounts(server, client, encodings), Buffer.from("next")]);
    const parsed = parseAll(tightServerInit(), input);
    expect(parsed).toMatchObject({ value: init });
    expect((parsed as { rest: Buffer }).rest.toString()).toBe("next");
  });

  it("however it is cut", () => {
    checkGrammar(() => tightServerInit(), withCounts(1, 0, 2), init);
  });

  it("with more capabilities than there can be is given up", () => {
    for (const counts of [
      [MAX_TIGHT_CAPABILITIES, 0, 1],
      [0xffff, 0xffff, 0xffff],
    ] as const) {
      const head = Buffer.concat([encodeServerInit(init), ...[...counts, 0].map(encodeU16)]);
      expect(() => parseAll(tightServerInit(), head)).toThrow(LimitError);
    }
  });
});
