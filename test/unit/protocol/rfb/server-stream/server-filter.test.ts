import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  PixelFormatTracker,
  isPosternError,
  SERVER_STREAM_LIMITS,
  ServerFilter,
  type PixelFormat,
} from "../../../../../protocol/index.ts";
import {
  CLIPBOARD,
  EXTENDED_CLIPBOARD,
  hex,
  HIGH_COLOUR,
  LAST,
  MESSAGES,
  rectangle,
  RECTANGLES,
  TRUE_COLOUR,
  update,
} from "./samples.ts";

const BELL = hex("02");

/** Pushes the pieces and returns what went on, and the code of what was thrown. */
function follow(
  pieces: readonly Buffer[],
  format: PixelFormat = TRUE_COLOUR,
): { out: Buffer; code?: string } {
  const out: Buffer[] = [];
  const filter = new ServerFilter(new PixelFormatTracker(format), (chunk) => out.push(Buffer.from(chunk)));
  try {
    for (const piece of pieces) filter.push(piece);
  } catch (error) {
    if (!isPosternError(error)) throw error;
    return { out: Buffer.concat(out), code: error.code };
  }
  return { out: Buffer.concat(out) };
}

function singleBytes(input: Buffer): Buffer[] {
  return Array.from(input, (byte) => Buffer.of(byte));
}

/** Between two clipboards and before a bell: whoever is a byte off lets one of them through or stumbles. */
function checkPasses(wire: Buffer, format?: PixelFormat): void {
  const input = Buffer.concat([CLIPBOARD, wire, EXTENDED_CLIPBOARD, BELL]);
  const out = Buffer.concat([wire, BELL]);
  expect(follow([input], format)).toEqual({ out });
  expect(follow(singleBytes(input), format)).toEqual({ out });
  // The heads at both ends, cut everywhere; a long body in the middle is all the same.
  const cuts = Array.from({ length: input.length - 1 }, (_, index) => index + 1);
  for (const at of cuts.filter((cut) => cut < 100 || cut > input.length - 100)) {
    const result = follow([input.subarray(0, at), input.subarray(at)], format);
    expect([result.out.equals(out), result.code]).toEqual([true, undefined]);
  }
}

describe("what passes", () => {
  it.each(MESSAGES)("$name", ({ wire }) => {
    checkPasses(wire);
  });

  it.each(RECTANGLES)("a rectangle: $name", ({ wire }) => {
    checkPasses(update([wire, wire]));
  });

  it("all rectangles in one update, ended by LastRect", () => {
    const all = RECTANGLES.map(({ wire }) => wire);
    const input = Buffer.concat([update([...all, LAST], 0xffff), CLIPBOARD, BELL]);
    expect(follow([input]).out).toEqual(Buffer.concat([update([...all, LAST], 0xffff), BELL]));
  });

  it.each([
    ["Raw", rectangle(0, 3, 2, hex("", 12))],
    ["RRE", rectangle(2, 9, 9, hex("00000002", 2 + 2 * 10))],
    ["CoRRE", rectangle(4, 9, 9, hex("00000002", 2 + 2 * 6))],
    ["Hextile", rectangle(5, 16, 16, hex("1e 0303 0303 02", 2 * 4))],
    ["Tight, fill", rectangle(7, 9, 9, hex("80", 2))],
    ["Tight, under 12 bytes", rectangle(7, 5, 1, hex("00", 10))],
    ["Cursor", rectangle(-239, 9, 2, hex("", 9 * 2 * 2 + 4))],
  ])("%s of 16-bit pixels", (_name, wire) => {
    checkPasses(update([wire]), HIGH_COLOUR);
  });

  it("goes on as views of what came, in one piece where nothing is left out", () => {
    const chunk = Buffer.concat(MESSAGES.map(({ wire }) => wire));
    const seen: Buffer[] = [];
    new ServerFilter(new PixelFormatTracker(TRUE_COLOUR), (piece) => seen.push(piece)).push(chunk);
    expect(seen).toHaveLength(1);
    expect(seen[0]!.buffer).toBe(chunk.buffer);
  });

  it("rectangles while they come, however large", () => {
    let forwarded = 0;
    const filter = new ServerFilter(
      new PixelFormatTracker(TRUE_COLOUR),
      (piece) => (forwarded += piece.length),
    );
    filter.push(update([rectangle(0, 65_535, 65_535, hex(""))], 1));
    for (let sent = 0; sent < 64; sent += 1) filter.push(Buffer.alloc(65_536, 3));
    expect(forwarded).toBe(16 + 64 * 65_536);
  });
});

describe("what does not pass", () => {
  it.each([
    ["clipboard", CLIPBOARD],
    ["an empty clipboard", hex("03 000000 00000000")],
    ["the extended clipboard", EXTENDED_CLIPBOARD],
  ])("%s", (_name, wire) => {
    for (const pieces of [[wire, BELL, wire], singleBytes(Buffer.concat([wire, BELL, wire]))])
      expect(follow(pieces)).toEqual({ out: BELL });
  });

  it.each([
    ["an unknown message", hex("07")],
    ["QEMU's unknown extension", hex("ff 00 0000")],
    ["QEMU audio of an unknown operation", hex("ff 01 0003")],
    ["a name", update([rectangle(-307, 0, 0, hex("00000004", 4))])],
    ["TRLE", update([rectangle(15, 9, 9, hex("", 9))])],
    ["JPEG", update([rectangle(21, 9, 9, hex("", 9))])],
    ["an unknown encoding", update([rectangle(0x12345678, 9, 9, hex(""))])],
    ["Tight without zlib", update([rectangle(7, 9, 9, hex("a0", 9))])],
    ["Tight without zlib, with a filter", update([rectangle(7, 9, 9, hex("e0", 9))])],
    ["Tight of an unknown kind", update([rectangle(7, 9, 9, hex("f0", 9))])],
    ["Tight with an unknown filter", update([rectangle(7, 9, 9, hex("40 03", 9))])],
    ["Tight with a palette of one colour", update([rectangle(7, 9, 9, hex("40 01 00", 9))])],
    ["Tight PNG with zlib", update([rectangle(-260, 9, 9, hex("00", 9))])],
    ["Hextile with a bit too many", update([rectangle(5, 9, 9, hex("20", 9))])],
    ["RRE with more parts than pixels", update([rectangle(2, 2, 2, hex("00000005", 9))])],
    ["a cursor that is a cursor", update([rectangle(-314, 9, 9, hex("ffffff11", 9))])],
  ])("%s: the session ends", (_name, wire) => {
    const { code, out } = follow([BELL, wire, BELL]);
    expect(code).toBe("RFB_SERVER_STREAM");
    expect(out.subarray(0, 1)).toEqual(BELL);
    expect(follow(singleBytes(wire)).code).toBe("RFB_SERVER_STREAM");
  });

  it("anything after a refusal", () => {
    const out: Buffer[] = [];
    const filter = new ServerFilter(new PixelFormatTracker(TRUE_COLOUR), (chunk) => out.push(chunk));
    expect(() => filter.push(hex("07"))).toThrow("type 7");
    expect(() => filter.push(BELL)).toThrow("type 7");
    expect(out).toEqual([]);
  });

  it.each([
    ["depth 32", { ...TRUE_COLOUR, depth: 32 }],
    ["shifts within bytes", { ...TRUE_COLOUR, redShift: 17 }],
  ])("Tight where its pixels' length is not certain: %s", (_name, format) => {
    expect(follow([update([rectangle(7, 9, 9, hex("80", 3))])], format).code).toBe("RFB_SERVER_STREAM");
    checkPasses(update([rectangle(0, 2, 1, hex("", 8))]), format);
  });
});

describe("limits", () => {
  const length = (value: number): Buffer => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(value);
    return out;
  };
  const { rectangleData, serverCutText, audioData, fencePayload } = SERVER_STREAM_LIMITS;
  it.each([
    ["Zlib", rectangleData, (n: number) => update([rectangle(6, 9, 9, length(n))])],
    ["ZRLE", rectangleData, (n: number) => update([rectangle(16, 9, 9, length(n))])],
    ["H.264", rectangleData, (n: number) => update([rectangle(50, 9, 9, length(n))])],
    ["ServerCutText", serverCutText, (n: number) => Buffer.concat([hex("03 000000"), length(n)])],
    [
      "the extended clipboard",
      serverCutText,
      (n: number) => Buffer.concat([hex("03 000000"), length(-n >>> 0)]),
    ],
    ["QEMU audio", audioData, (n: number) => Buffer.concat([hex("ff 01 0002"), length(n)])],
    ["Fence", fencePayload, (n: number) => Buffer.concat([hex("f8 000000 00000000"), Buffer.of(n)])],
  ])("%s may be as long as its limit and no longer", (_name, limit, make) => {
    expect(follow([make(limit)]).code).toBeUndefined();
    expect(follow([make(limit + 1)]).code).toBe("LENGTH_LIMIT");
  });
});

it("any sequence of messages, cut anywhere, gives what message by message gives", () => {
  const message = fc.oneof(
    fc.constantFrom(...MESSAGES).map(({ wire }) => ({ wire, passes: true })),
    fc
      .array(fc.constantFrom(...RECTANGLES), { maxLength: 6 })
      .map((list) => ({ wire: update(list.map(({ wire }) => wire)), passes: true })),
    fc.constantFrom(CLIPBOARD, EXTENDED_CLIPBOARD).map((wire) => ({ wire, passes: false })),
  );
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 20 }),
      fc.array(fc.nat(300), { maxLength: 60 }),
      (list, cuts) => {
        const input = Buffer.concat(list.map(({ wire }) => wire));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(input.subarray(at, at + cut));
          at += cut;
        }
        const out = Buffer.concat(list.filter(({ passes }) => passes).map(({ wire }) => wire));
        expect(follow([...pieces, input.subarray(at)])).toEqual({ out });
      },
    ),
    { numRuns: 300 },
  );
});
