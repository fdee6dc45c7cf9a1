import { describe, expect, it } from "vitest";
import {
  encodeChallenge,
  encodeHandshake,
  encodeJsonFrame,
  encodePing,
  encodeSetupRequest,
  encodeSetupResponse,
  FrameType,
  MIP2_LIMITS,
  parseAll,
  readFrame,
  type Frame,
  type JsonFrameType,
} from "../../../../protocol/index.ts";
import { checkGrammar, parseExactly } from "../check-grammar.ts";

const nonce = Buffer.alloc(32, 0x5a);
const ticket = Buffer.alloc(16, 0x7e);
const read = () => readFrame(MIP2_LIMITS.body);

const handshake = { identifierType: 2, identifier: "ab12", nonce, versions: [1, 2] };
const challenge = { version: 1, proxyId: "proxy-1", nonce };
const setupRequest = { ticket, proxyHost: "postern.example", proxyPort: 443, desktop: "lab-3" };
const setupResponse = { ticket, status: 0, code: "DESKTOP_GONE" };

const VECTORS: readonly { readonly name: string; readonly wire: Buffer; readonly frame: Frame }[] = [
  { name: "handshake", wire: encodeHandshake(handshake), frame: { type: 0, value: handshake } },
  { name: "setup request", wire: encodeSetupRequest(setupRequest), frame: { type: 1, value: setupRequest } },
  {
    name: "setup response",
    wire: encodeSetupResponse(setupResponse),
    frame: { type: 2, value: setupResponse },
  },
  { name: "challenge", wire: encodeChallenge(challenge), frame: { type: 3, value: challenge } },
  { name: "empty ping", wire: encodePing(9, Buffer.alloc(0)), frame: { type: 9, value: Buffer.alloc(0) } },
  { name: "pong", wire: encodePing(10, nonce), frame: { type: 10, value: nonce } },
  {
    name: "event",
    wire: encodeJsonFrame(14, { name: "image.changed", data: { é: [null, 1.5] } }),
    frame: { type: 14, value: { name: "image.changed", data: { é: [null, 1.5] } } },
  },
];

function frame(type: number, body: Buffer, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(type, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

const wrong = expect.objectContaining({ name: "ProtocolError", code: "MIP_FRAME" });
const tooLong = expect.objectContaining({ name: "LimitError", code: "LENGTH_LIMIT" });

function json(type: number, text: string): Buffer {
  return frame(type, Buffer.from(text));
}

describe("MiP 2 frames", () => {
  it.each(VECTORS)("$name", ({ wire, frame: expected }) => {
    checkGrammar(read, wire, expected);
  });

  it("are U8 type, U32 length, body", () => {
    const body = Buffer.concat([ticket, Buffer.from("01" + "00000002" + "4f4b", "hex")]);
    const wire = encodeSetupResponse({ ticket, status: 1, code: "OK" });
    expect(wire).toEqual(Buffer.concat([Buffer.from("0200000017", "hex"), body]));
  });

  it.each(VECTORS)("$name: a body that is shorter or longer than its fields is refused", ({ wire }) => {
    const type = wire[0]!;
    const body = wire.subarray(5);
    if (type === FrameType.ping || type === FrameType.pong) return;
    for (let length = 0; length < body.length; length++) {
      expect(() => parseAll(read(), frame(type, body.subarray(0, length))), `${length} bytes`).toThrow(wrong);
    }
    expect(() => parseAll(read(), frame(type, Buffer.concat([body, Buffer.of(0x31)])))).toThrow(wrong);
  });

  it("of an unknown type are refused by their first byte", () => {
    for (let type = 20; type < 256; type++) {
      expect(() => parseAll(read(), Buffer.of(type))).toThrow(wrong);
    }
  });

  it.each(Object.values(FrameType))("of type %i are limited before they come", (type) => {
    const { unprovenBody } = MIP2_LIMITS;
    for (const length of [unprovenBody + 1, 0x80000000, 0xffffffff]) {
      expect(() => parseAll(readFrame(unprovenBody), frame(type, Buffer.alloc(0), length))).toThrow(tooLong);
    }
    expect(parseAll(readFrame(unprovenBody), frame(type, Buffer.alloc(0), unprovenBody))).toEqual({
      missing: unprovenBody,
    });
  });

  it.each([
    [
      "Handshake.identifier",
      MIP2_LIMITS.identifier,
      (text: string) => encodeHandshake({ ...handshake, identifier: text }),
    ],
    [
      "Challenge.proxyId",
      MIP2_LIMITS.proxyId,
      (text: string) => encodeChallenge({ ...challenge, proxyId: text }),
    ],
    [
      "SetupRequest.proxyHost",
      MIP2_LIMITS.host,
      (text: string) => encodeSetupRequest({ ...setupRequest, proxyHost: text }),
    ],
    [
      "SetupRequest.desktop",
      MIP2_LIMITS.desktop,
      (text: string) => encodeSetupRequest({ ...setupRequest, desktop: text }),
    ],
    [
      "SetupResponse.code",
      MIP2_LIMITS.code,
      (text: string) => encodeSetupResponse({ ...setupResponse, code: text }),
    ],
  ])("%s has its limit", (_, max, encode) => {
    expect(parseExactly(read(), encode("x".repeat(max)))).toBeDefined();
    expect(() => parseAll(read(), encode("x".repeat(max + 1)))).toThrow(tooLong);
  });

  it("ping carries at most 64 bytes", () => {
    expect(parseExactly(read(), encodePing(9, Buffer.alloc(64)))).toEqual({
      type: 9,
      value: Buffer.alloc(64),
    });
    expect(() => parseAll(read(), encodePing(9, Buffer.alloc(65)))).toThrow(tooLong);
  });

  it("JSON is limited by what it costs, and not by its bytes alone", () => {
    const { bodyMarks, body, unaskedBody, unaskedMarks } = MIP2_LIMITS;
    const list = (marks: number) => `[${"[],".repeat(Math.floor((marks - 2) / 2))}[]]`;
    for (const [type, marks] of [
      [FrameType.reply, bodyMarks],
      [FrameType.event, unaskedMarks],
    ] as const) {
      expect(parseExactly(read(), json(type, list(marks)))).toBeDefined();
      for (const costly of [
        list(marks + 2),
        "[".repeat(marks + 1),
        '""'.repeat(marks + 1),
        ",".repeat(marks + 1),
      ])
        expect(() => parseAll(read(), json(type, costly)), costly.slice(0, 8)).toThrow(tooLong);
    }
    const text = (length: number) => JSON.stringify("[,".repeat(length / 2 - 1));
    expect(parseExactly(read(), json(FrameType.reply, text(body)))).toBeDefined();
    expect(parseExactly(read(), json(FrameType.event, text(unaskedBody)))).toBeDefined();
    for (const type of [FrameType.publish, FrameType.withdraw, FrameType.event, FrameType.newKey])
      expect(() => parseAll(read(), frame(type, Buffer.alloc(0), unaskedBody + 1))).toThrow(tooLong);
  });

  it("a port is a port", () => {
    const asking = (proxyPort: number) => encodeSetupRequest({ ...setupRequest, proxyPort });
    expect(parseExactly(read(), asking(65535))).toMatchObject({ value: { proxyPort: 65535 } });
    expect(() => parseAll(read(), asking(65536))).toThrow(wrong);
  });

  it.each(["", "{", "nonsense", "\xff\xfe"])("JSON that is none is refused: %j", (text) => {
    const types: readonly JsonFrameType[] = [4, 5, 6, 7, 8, 11, 12, 13, 14];
    for (const type of types) {
      expect(() => parseAll(read(), frame(type, Buffer.from(text, "latin1")))).toThrow(wrong);
    }
  });

  it("JSON nested as deep as a body allows is only JSON", () => {
    const depth = MIP2_LIMITS.body / 2;
    const wire = frame(14, Buffer.from("[".repeat(depth) + "]".repeat(depth)));
    expect(() => parseAll(read(), wire)).not.toThrow(RangeError);
  });
});
