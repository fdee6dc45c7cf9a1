import { checkLength, u32, u8, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { MAX_FENCE_PAYLOAD } from "../fence.ts";

/** The longest fields of a parsed server stream, in bytes. They are skipped, never buffered as a whole. */
export const SERVER_STREAM_LIMITS = {
  /** The data of one compressed rectangle. */
  rectangleData: 256 * 1024 * 1024,
  serverCutText: 256 * 1024 * 1024,
  audioData: 16 * 1024 * 1024,
  fencePayload: MAX_FENCE_PAYLOAD,
} as const;

/** The size of a rectangle that is being parsed, in pixels. */
export interface RectangleSize {
  readonly width: number;
  readonly height: number;
}

/** Skips bytes that are not needed. In these grammars that is a negative yield, which returns no bytes. */
export function* skip(length: number): Grammar<void> {
  if (length > 0) yield -length;
}

/** U32 length, then that many bytes. @throws LimitError `LENGTH_LIMIT` */
export function* skipLengthPrefixed(max: number, what: string): Grammar<void> {
  const length = yield* u32();
  checkLength(length, max, what);
  yield* skip(length);
}

/** Tight's compact length, 1 to 3 bytes of 7, 7 and 8 bits, then that many bytes. */
export function* skipCompact(): Grammar<void> {
  const first = yield* u8();
  let length = first & 0x7f;
  if (first & 0x80) {
    const second = yield* u8();
    length |= (second & 0x7f) << 7;
    if (second & 0x80) length |= (yield* u8()) << 14;
  }
  yield* skip(length);
}

/** Bytes of a bitmap with one bit per pixel; each row starts at a new byte. */
export function bitmapBytes({ width, height }: RectangleSize): number {
  return Math.ceil(width / 8) * height;
}

/** @throws ProtocolError `RFB_SERVER_STREAM`, always */
export function refuseStream(what: string): never {
  throw new ProtocolError("RFB_SERVER_STREAM", `the server sent what cannot be followed: ${what}`, {
    safeMessage: "The desktop sent something that this session does not allow.",
  });
}
