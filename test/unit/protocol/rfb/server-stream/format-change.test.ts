import { describe, expect, it } from "vitest";
import {
  ClientFilter,
  encodePixelFormat,
  encodeSetEncodings,
  PixelFormatTracker,
  MAX_FORMAT_CHANGES,
  ServerFilter,
  type PixelFormat,
} from "../../../../../protocol/index.ts";
import { CLIPBOARD, hex, HIGH_COLOUR, rectangle, TRUE_COLOUR, update } from "./samples.ts";

const REQUEST = hex("03 00 0000 0000 0280 01e0");
const WITH_FENCE = encodeSetEncodings([0, -312]);
const BELL = hex("02");
const FENCE = 248;

function setPixelFormat(format: PixelFormat): Buffer {
  return Buffer.concat([hex("00 000000"), encodePixelFormat(format)]);
}
const LOW = setPixelFormat(HIGH_COLOUR);
const HIGH = setPixelFormat(TRUE_COLOUR);
const rawOf = (bytes: number): Buffer => update([rectangle(0, 1, 1, hex("", bytes))]);

/** A fence that the viewer puts before a change, as TigerVNC's does. */
const VIEWERS_FENCE = hex("f8 000000 80000004 01 aa");

function open(initial = TRUE_COLOUR) {
  const format = new PixelFormatTracker(initial);
  const toServer: Buffer[] = [];
  const toViewer: Buffer[] = [];
  const policy = { control: true, denied: new Set(["clipboard-out"] as const) };
  const client = new ClientFilter(policy, (chunk) => toServer.push(Buffer.from(chunk)), format);
  const server = new ServerFilter(format, (chunk) => toViewer.push(Buffer.from(chunk)));
  return {
    say: (...wires: Buffer[]) => {
      client.push(Buffer.concat(wires));
    },
    reply: (...wires: Buffer[]) => {
      for (const byte of Buffer.concat(wires)) server.push(Buffer.of(byte));
    },
    takeToServer: () => Buffer.concat(toServer.splice(0)),
    takeToViewer: () => Buffer.concat(toViewer.splice(0)),
  };
}

/** What a server answers to a fence. */
function answerTo(fence: Buffer): Buffer {
  const answer = Buffer.from(fence);
  answer.writeUInt32BE(fence.readUInt32BE(4) & 0x7, 4);
  return answer;
}

describe("before anything was asked for", () => {
  it("a change counts from the beginning, and as it was sent", () => {
    const line = open();
    line.say(LOW, REQUEST);
    expect(line.takeToServer()).toEqual(Buffer.concat([LOW, REQUEST]));
    line.reply(rawOf(2), CLIPBOARD, BELL);
    expect(line.takeToViewer()).toEqual(Buffer.concat([rawOf(2), BELL]));
  });
});

describe("after that", () => {
  it("a change that changes no length passes as it is", () => {
    const line = open();
    const other = setPixelFormat({ ...TRUE_COLOUR, bigEndian: true, redShift: 0, blueShift: 16 });
    line.say(REQUEST, other);
    expect(line.takeToServer()).toEqual(Buffer.concat([REQUEST, other]));
  });

  it("without Fence a change that matters ends the session, and does not reach the server", () => {
    for (const before of [Buffer.concat([REQUEST]), Buffer.concat([WITH_FENCE, REQUEST])]) {
      const line = open();
      expect(() => line.say(before, LOW)).toThrow(expect.objectContaining({ code: "RFB_PIXEL_FORMAT_LATE" }));
      expect(line.takeToServer()).toEqual(before);
    }
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    expect(() => line.say(encodeSetEncodings([0]), LOW)).toThrow("cannot be known");
  });

  it("EnableContinuousUpdates asks too", () => {
    const line = open();
    line.say(encodeSetEncodings([0, -313]), hex("96 01 0000 0000 0280 01e0"));
    expect(() => line.say(LOW)).toThrow("cannot be known");
  });

  it("with Fence it takes effect at the answer, which the viewer does not see", () => {
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    line.takeToServer();
    line.takeToViewer();
    line.say(LOW, REQUEST);
    const sent = line.takeToServer();
    const fence = sent.subarray(0, 25);
    expect([fence[0], fence[8]]).toEqual([FENCE, 16]);
    expect(fence.readUInt32BE(4)).toBe(0x80000004);
    expect(sent.subarray(25)).toEqual(Buffer.concat([LOW, REQUEST]));
    line.reply(rawOf(4), CLIPBOARD, rawOf(4), answerTo(fence), rawOf(2), CLIPBOARD, BELL);
    expect(line.takeToViewer()).toEqual(Buffer.concat([rawOf(4), rawOf(4), rawOf(2), BELL]));
  });

  it("stands in for the viewer's own fence, whose answer the viewer gets", () => {
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    line.takeToServer();
    line.takeToViewer();
    line.say(VIEWERS_FENCE);
    expect(line.takeToServer()).toHaveLength(0);
    line.say(LOW);
    const sent = line.takeToServer();
    expect(sent).toHaveLength(25 + 20);
    line.reply(rawOf(4), answerTo(sent.subarray(0, 25)), rawOf(2));
    expect(line.takeToViewer()).toEqual(Buffer.concat([rawOf(4), answerTo(VIEWERS_FENCE), rawOf(2)]));
  });

  it("a viewer's fence that is followed by something else goes before it, as it came", () => {
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    line.takeToServer();
    for (const next of [REQUEST, WITH_FENCE, HIGH, VIEWERS_FENCE]) {
      line.say(VIEWERS_FENCE, next, REQUEST);
      expect(line.takeToServer()).toEqual(Buffer.concat([VIEWERS_FENCE, next, REQUEST]));
    }
    const plain = hex("f8 000000 80000001 00");
    line.say(plain);
    expect(line.takeToServer()).toEqual(plain);
  });

  it("changes come into force in their order, each at its own answer", () => {
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    line.takeToServer();
    line.takeToViewer();
    line.say(LOW, HIGH);
    const sent = line.takeToServer();
    const [first, second] = [sent.subarray(0, 25), sent.subarray(45, 70)];
    line.reply(rawOf(4), answerTo(first), rawOf(2), answerTo(second), rawOf(4), BELL);
    expect(line.takeToViewer()).toEqual(Buffer.concat([rawOf(4), rawOf(2), rawOf(4), BELL]));
  });

  it("a server that answers without keeping the order ends the session", () => {
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    line.takeToServer();
    line.say(LOW);
    const answer = answerTo(line.takeToServer().subarray(0, 25));
    answer.writeUInt32BE(1, 4);
    expect(() => line.reply(answer)).toThrow(expect.objectContaining({ code: "RFB_SERVER_STREAM" }));
  });

  it("no more changes wait than the limit", () => {
    const line = open();
    line.say(WITH_FENCE, REQUEST);
    line.reply(hex("f8 000000 80000000 00"));
    for (let count = 0; count < MAX_FORMAT_CHANGES; count += 1) line.say(count % 2 === 0 ? LOW : HIGH);
    expect(() => line.say(LOW)).toThrow("cannot be known");
  });

  it("pixels of other widths are no pixel format", () => {
    const odd = setPixelFormat({ ...TRUE_COLOUR, bitsPerPixel: 24 });
    expect(() => open().say(odd)).toThrow(expect.objectContaining({ code: "RFB_PIXEL_FORMAT" }));
  });
});
