import fc from "fast-check";
import { expect, it } from "vitest";
import * as ws from "ws";
import {
  decodeFramesInPlace,
  encodeFrameInPlace,
  FRAME_HEADER_BYTES,
} from "../../../../protocol/bytes/websocket-frames.ts";

interface FrameOptions {
  readonly opcode: number;
  readonly fin: boolean;
  readonly mask: boolean;
  readonly rsv1: boolean;
  readonly readOnly: boolean;
}

/** Exported, but without a type. */
const { Sender } = ws as unknown as {
  readonly Sender: { frame(payload: Buffer, options: FrameOptions): Buffer[] };
};

/** A frame as `ws` makes it. */
function frame(payload: Buffer, options: { opcode?: number; fin?: boolean; mask?: boolean } = {}): Buffer {
  const { opcode = 2, fin = true, mask = true } = options;
  return Buffer.concat(
    Sender.frame(Buffer.from(payload), { opcode, fin, mask, rsv1: false, readOnly: false }),
  );
}

it.each([0, 1, 125, 126, 65_535, 65_536, 300_000])("a piece of %i bytes becomes a frame", (size) => {
  const memory = Buffer.alloc(FRAME_HEADER_BYTES + size, 7);
  const piece = memory.subarray(FRAME_HEADER_BYTES);
  expect(encodeFrameInPlace(piece).equals(frame(piece, { mask: false }))).toBe(true);
});

it("messages stand one behind the other afterwards, and the rest is left as it came", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.constantFrom(
        Buffer.alloc(0),
        frame(Buffer.from("text"), { opcode: 1 }),
        frame(Buffer.from("ping"), { opcode: 9 }),
        frame(Buffer.alloc(8), { opcode: 8 }),
        frame(Buffer.from("part"), { fin: false }),
        frame(Buffer.from("part"), { opcode: 0 }),
        frame(Buffer.alloc(9), { mask: false }),
        frame(Buffer.alloc(70_000)),
        frame(Buffer.alloc(300)).subarray(0, 200),
        frame(Buffer.alloc(300)).subarray(0, 5),
        Buffer.from([0x82]),
        Buffer.from([0xc2, 0x81, 0, 0, 0, 0, 1]),
      ),
      (payloads, rest) => {
        const frames = payloads.map((payload) => frame(Buffer.from(payload)));
        const memory = Buffer.concat([...frames, rest, Buffer.alloc(20, 0x82)]);
        const length = memory.length - 20;
        const { payload, consumed } = decodeFramesInPlace(memory, length);
        expect(consumed).toBe(length - rest.length);
        expect(memory.subarray(0, payload).equals(Buffer.concat(payloads))).toBe(true);
        expect(memory.subarray(consumed, length).equals(rest)).toBe(true);
      },
    ),
  );
});
