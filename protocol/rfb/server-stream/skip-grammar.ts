import { checkLength, u32, u8, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { MAX_FENCE_PAYLOAD } from "../fence.ts";

/** The longest fields of a followed server's stream, in bytes. Nothing of that length is ever held. */
export const SERVER_STREAM_LIMITS = {
  /** The data of one compressed rectangle. */
  rectangleData: 256 * 1024 * 1024,
  serverCutText: 256 * 1024 * 1024,
  audioData: 16 * 1024 * 1024,
  fencePayload: MAX_FENCE_PAYLOAD,
} as const;

/** The whole of a rectangle that is being followed, and what its bytes look like. */
export interface RectangleSize {
  readonly width: number;
  readonly height: number;
}

/** Lets bytes pass that nobody has to look at: in these grammars a negative yield, which answers with nothing. */
export function* skip(length: number): Grammar<void> {
  if (length > 0) yield -length;
}

/** U32 length, then that many bytes. @throws LimitError `LENGTH_LIMIT` */
export function* skipLengthPrefixed(max: number, what: string): Grammar<void> {
  const length = yield* u32();
  checkLength(length, max, what);
  yield* skip(length);
}

/** Tight's length, 1 to 3 bytes of 7, 7 and 8 bits, then that many bytes. */
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

/** Bytes of a bitmap with one bit per pixel, each row from a new byte on. */
export function bitmapBytes({ width, height }: RectangleSize): number {
  return Math.ceil(width / 8) * height;
}

/** @throws ProtocolError `RFB_SERVER_STREAM`, always */
export function refuseStream(what: string): never {
  throw new ProtocolError("RFB_SERVER_STREAM", `the server sent what cannot be followed: ${what}`, {
    safeMessage: "The desktop sent something that this session does not allow.",
  });
}
