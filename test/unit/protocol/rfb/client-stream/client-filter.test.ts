import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ClientFilter,
  Encoding,
  encodeSetEncodings,
  isForwardedEncoding,
  isPosternError,
  PseudoEncoding,
  type Permission,
} from "../../../../../protocol/index.ts";
import { EVERY_EXTENSION, SAMPLES, ULTRA_SAMPLES, type Sample } from "./sample-messages.ts";

/** Pushes the pieces and returns what went on, and the code of what was thrown. */
function filter(pieces: readonly Buffer[], control = true): { out: Buffer; code?: string } {
  const out: Buffer[] = [];
  const running = new ClientFilter({ control, denied: new Set() }, (chunk) => out.push(Buffer.from(chunk)));
  try {
    for (const piece of pieces) running.push(piece);
  } catch (error) {
    if (!isPosternError(error)) throw error;
    return { out: Buffer.concat(out), code: error.code };
  }
  return { out: Buffer.concat(out) };
}

function singleBytes(input: Buffer): Buffer[] {
  return Array.from(input, (byte) => Buffer.of(byte));
}

const ALL = encodeSetEncodings(EVERY_EXTENSION);
/** What of it a server hears from those who only look. */
const ACTING: readonly number[] = [
  PseudoEncoding.xvp,
  PseudoEncoding.gii,
  PseudoEncoding.qemuExtendedKey,
  PseudoEncoding.extendedClipboard,
];
const LOOKING = encodeSetEncodings(EVERY_EXTENSION.filter((encoding) => !ACTING.includes(encoding)));
const AFTER = SAMPLES.find(({ name }) => name === "FramebufferUpdateRequest")!.wire;

describe("a viewer in control", () => {
  it.each(SAMPLES)("may send $name", ({ wire }) => {
    const input = Buffer.concat([ALL, wire, AFTER]);
    // A SetEncodings among the samples replaces the set, which leaves AFTER untouched.
    expect(filter([input])).toEqual({ out: input });
    expect(filter(singleBytes(input))).toEqual({ out: input });
    for (let at = 1; at < input.length; at++) {
      expect(filter([input.subarray(0, at), input.subarray(at)])).toEqual({ out: input });
    }
  });

  it.each(SAMPLES.filter(({ needs }) => needs !== undefined))(
    "has $name left out before it was negotiated",
    ({ wire, needs }) => {
      const others = encodeSetEncodings(EVERY_EXTENSION.filter((encoding) => encoding !== needs));
      const input = Buffer.concat([others, wire, AFTER]);
      for (const pieces of [[input], singleBytes(input)]) {
        expect(filter(pieces)).toEqual({ out: Buffer.concat([others, AFTER]) });
      }
    },
  );

  it.each(SAMPLES.filter(({ needs }) => needs !== undefined))(
    "has $name left out after a SetEncodings without it",
    ({ wire }) => {
      const none = encodeSetEncodings([Encoding.raw]);
      expect(filter([ALL, wire, none, wire, AFTER])).toEqual({
        out: Buffer.concat([ALL, wire, none, AFTER]),
      });
    },
  );

  it.each(ULTRA_SAMPLES)("has UltraVNC's $name left out", ({ wire }) => {
    const input = Buffer.concat([ALL, AFTER, wire, AFTER]);
    for (const pieces of [[input], singleBytes(input)]) {
      expect(filter(pieces)).toEqual({ out: Buffer.concat([ALL, AFTER, AFTER]) });
    }
  });
});

describe("a viewer that only looks", () => {
  it.each(SAMPLES)("has $name dropped or passed", ({ wire, control }) => {
    const input = Buffer.concat([ALL, wire, AFTER]);
    const expected = Buffer.concat(control ? [LOOKING, AFTER] : [LOOKING, wire, AFTER]);
    expect(filter([input], false)).toEqual({ out: expected });
    expect(filter(singleBytes(input), false)).toEqual({ out: expected });
  });

  it("cannot smuggle a message in a pointer event's seventh byte", () => {
    const encodings = encodeSetEncodings([PseudoEncoding.extendedMouseButtons]);
    const pointer = Buffer.from("058000000000", "hex");
    const key = Buffer.from("040100000000ff0d", "hex");
    const { out } = filter([Buffer.concat([encodings, pointer, key, AFTER])], false);
    expect(out).toEqual(Buffer.concat([encodeSetEncodings([]), AFTER]));
  });

  it("is heard again when the policy changes", () => {
    const policy = { control: false, denied: new Set<Permission>() };
    const out: Buffer[] = [];
    const running = new ClientFilter(policy, (chunk) => out.push(Buffer.from(chunk)));
    const key = Buffer.from("040100000000ff0d", "hex");
    running.push(key.subarray(0, 3));
    policy.control = true;
    running.push(key.subarray(3));
    expect(Buffer.concat(out)).toHaveLength(0);
    running.push(key);
    expect(Buffer.concat(out)).toEqual(key);
  });
});

describe("SetEncodings", () => {
  const gone = [
    PseudoEncoding.desktopName,
    PseudoEncoding.extendedMouseButtons,
    PseudoEncoding.ultraServerState,
    PseudoEncoding.ultraFileTransfer,
  ];

  it.each(gone)("never lists %i to a server", (encoding) => {
    for (const control of [true, false]) {
      const { out } = filter([encodeSetEncodings([Encoding.tight, encoding, Encoding.raw])], control);
      expect(out).toEqual(encodeSetEncodings([Encoding.tight, Encoding.raw]));
    }
  });

  it("keeps order, duplicates, and encodings of rectangles that nobody knows", () => {
    const kept = [7, 16, -32, 7, 25, -256, -308];
    const { out } = filter([encodeSetEncodings([-307, ...kept, -316, -307])]);
    expect(out).toEqual(encodeSetEncodings(kept));
  });

  it.each([0xffff8005 | 0, 0xffff8006 | 0, 0xffff8007 | 0, -310, -311, 1100, 0x574d5669, -0x80000000])(
    "never lists the unknown extension %i, so that its messages cannot come",
    (encoding) => {
      expect(filter([encodeSetEncodings([16, encoding, 0])]).out).toEqual(encodeSetEncodings([16, 0]));
    },
  );

  it("goes on as the very same bytes if nothing has to go", () => {
    const chunk = Buffer.concat([AFTER, ALL, AFTER]);
    const seen: Buffer[] = [];
    new ClientFilter({ control: true, denied: new Set() }, (piece) => seen.push(piece)).push(chunk);
    expect(seen).toHaveLength(1);
    expect(seen[0]!.buffer).toBe(chunk.buffer);
    expect(seen[0]).toHaveLength(chunk.length);
  });

  it("keeps its padding byte if nothing has to go", () => {
    const wire = Buffer.from(ALL);
    wire[1] = 0xee;
    expect(filter([wire]).out).toEqual(wire);
  });

  it("may list 1024 encodings", () => {
    const most = encodeSetEncodings(Array.from({ length: 1024 }, (_, index) => index & 0xff));
    expect(filter([most.subarray(0, 4000), most.subarray(4000)])).toEqual({ out: most });
  });

  it.each([1025, 65_535])("of %i encodings is forwarded with the first 1024", (count) => {
    const numbers = Array.from({ length: count }, (_, index) => index % 200);
    const input = Buffer.concat([AFTER, encodeSetEncodings(numbers), AFTER]);
    const out = Buffer.concat([AFTER, encodeSetEncodings(numbers.slice(0, 1024)), AFTER]);
    expect(filter([input])).toEqual({ out });
    expect(filter(cutBy(input, [3, 4000, 90, 10]))).toEqual({ out });
  });
});

describe("long messages", () => {
  it("pass while they come", () => {
    const head = Buffer.from("0600000000040000", "hex");
    let forwarded = 0;
    const running = new ClientFilter(
      { control: true, denied: new Set() },
      (chunk) => (forwarded += chunk.length),
    );
    running.push(head);
    expect(forwarded).toBe(8);
    for (let sent = 0; sent < 0x40000; sent += 1024) {
      running.push(Buffer.alloc(1024));
      expect(forwarded).toBe(8 + sent + 1024);
    }
    running.push(AFTER);
    expect(forwarded).toBe(8 + 0x40000 + AFTER.length);
  });

  const heads: readonly (readonly [string, string, number])[] = [
    ["ClientCutText", "0600000000040001", 0x40001],
    ["extended ClientCutText", "06000000fffbffff", 0x40001],
    ["Fence", "f8000000800000014f", 0x4f],
    ["UltraVNC's chat", "0b00000000100000", 0x100000],
  ];

  it.each(heads)("%s over the limit is left out, and the session goes on", (_name, head, length) => {
    const start = Buffer.concat([ALL, AFTER]);
    const input = Buffer.concat([start, Buffer.from(head, "hex"), Buffer.alloc(length, 0x04), AFTER]);
    expect(filter([input])).toEqual({ out: Buffer.concat([start, AFTER]) });
    expect(filter([input], false)).toEqual({ out: Buffer.concat([LOOKING, AFTER, AFTER]) });
    expect(filter(cutBy(input, [50, 3, 1, 20, 60]))).toEqual({ out: Buffer.concat([start, AFTER]) });
  });

  it.each([1, 2, 3])("an extended ClientCutText of %i bytes, without its flags, is left out", (length) => {
    const head = Buffer.from([6, 0, 0, 0, 0xff, 0xff, 0xff, 0x100 - length]);
    const input = Buffer.concat([ALL, head, Buffer.alloc(length), AFTER]);
    expect(filter([input])).toEqual({ out: Buffer.concat([ALL, AFTER]) });
  });

  it("whoever runs the filter is told what was left out", () => {
    const told: string[] = [];
    class Telling extends ClientFilter {
      protected override onLeftOut(name: string): void {
        told.push(name);
      }
    }
    const running = new Telling({ control: true, denied: new Set() }, () => undefined);
    for (const wire of [
      ALL,
      Buffer.from("0600000000040001", "hex"),
      Buffer.alloc(0x40001),
      AFTER,
      Buffer.of(13),
    ])
      running.push(wire);
    expect(told).toEqual(["ClientCutText", "UltraVNC KeepAlive"]);
  });
});

describe("after a refusal", () => {
  it("nothing passes any more", () => {
    const out: Buffer[] = [];
    const running = new ClientFilter({ control: true, denied: new Set() }, (chunk) => out.push(chunk));
    expect(() => running.push(Buffer.of(7))).toThrow("type 7");
    expect(() => running.push(AFTER)).toThrow("type 7");
    expect(out).toEqual([]);
  });

  it("the viewer is told no more than it has to know", () => {
    const running = new ClientFilter({ control: true, denied: new Set() }, () => undefined);
    expect(() => running.push(Buffer.of(7))).toThrow(
      expect.objectContaining({ safeMessage: "The viewer sent a message that is not supported here." }),
    );
  });
});

describe("any sequence of messages, cut anywhere", () => {
  const encodings = fc.array(
    fc.oneof(
      fc.constantFrom(...EVERY_EXTENSION, ...Object.values(PseudoEncoding)),
      fc.integer({ min: -400, max: 60 }),
    ),
    { maxLength: 40 },
  );
  const message: fc.Arbitrary<Sample> = fc.oneof(
    fc.constantFrom(...SAMPLES, ...SAMPLES, ...ULTRA_SAMPLES),
    encodings.map((list) => ({ name: "SetEncodings", wire: encodeSetEncodings(list) })),
  );

  it("gives what message by message gives", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 30 }),
        fc.array(fc.nat(200), { maxLength: 60 }),
        fc.boolean(),
        (messages, cuts, control) => {
          const start: Sample = { name: "SetEncodings", wire: ALL };
          const all = [start, ...messages];
          const pieces = cutBy(Buffer.concat(all.map(({ wire }) => wire)), cuts);
          expect(filter(pieces, control)).toEqual(predict(all, control));
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** The same rules once more, over whole messages. */
function predict(messages: readonly Sample[], control: boolean): { out: Buffer; code?: string } {
  const out: Buffer[] = [];
  let listed: number[] = [];
  for (const sample of messages) {
    if (sample.wire[0] === 2) {
      listed = Array.from({ length: (sample.wire.length - 4) / 4 }, (_, index) =>
        sample.wire.readInt32BE(4 + 4 * index),
      );
      const told = listed.filter((encoding) => control || !ACTING.includes(encoding));
      out.push(encodeSetEncodings(told.filter(isForwardedEncoding)));
    } else if (ULTRA_SAMPLES.includes(sample) || (sample.needs && !listed.includes(sample.needs))) {
      continue;
    } else if (control || !sample.control) {
      out.push(sample.wire);
    }
  }
  return { out: Buffer.concat(out) };
}

function cutBy(input: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(input.subarray(at, at + length));
    at += length;
  }
  return [...pieces, input.subarray(at)];
}
