/** RFC 6455 §5.2: a whole binary message in one frame. */
const WHOLE_BINARY = 0x82;
const MASKED = 0x80;
/** Values of the length field that announce a longer one. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

/** The longest header of an unmasked frame. */
export const FRAME_HEADER_BYTES = 10;

/** The piece as an unmasked binary message. Its header is written into the memory before it. */
export function encodeFrameInPlace(piece: Buffer): Buffer {
  const { length } = piece;
  const field = length < LENGTH_16 ? length : length < 0x10000 ? LENGTH_16 : LENGTH_64;
  const headerBytes = countHeaderBytes(field);
  const frame = Buffer.from(piece.buffer, piece.byteOffset - headerBytes, headerBytes + length);
  frame[0] = WHOLE_BINARY;
  frame[1] = field;
  if (field === LENGTH_16) frame.writeUInt16BE(length, 2);
  else if (field === LENGTH_64) frame.writeBigUInt64BE(BigInt(length), 2);
  return frame;
}

export interface DecodedFrames {
  /** Bytes of the messages, which now stand one behind the other at the start of the memory. */
  readonly payload: number;
  /** Bytes of the frames. What follows is another kind of frame, or only a part of one. */
  readonly consumed: number;
}

/** Unmasks the binary messages at the start of a client's bytes, as far as they are whole and of one frame each. */
export function decodeFramesInPlace(memory: Buffer, length: number): DecodedFrames {
  let payload = 0;
  let consumed = 0;
  while (consumed + 2 + MASK_BYTES <= length && memory[consumed] === WHOLE_BINARY) {
    const field = memory.readUInt8(consumed + 1) - MASKED;
    const maskAt = consumed + countHeaderBytes(field);
    const from = maskAt + MASK_BYTES;
    if (field < 0 || field === LENGTH_64 || from > length) break;
    const size = field === LENGTH_16 ? memory.readUInt16BE(consumed + 2) : field;
    if (from + size > length) break;
    unmask(memory, memory.readUInt32BE(maskAt), { from, to: payload, size });
    payload += size;
    consumed = from + size;
  }
  return { payload, consumed };
}

function countHeaderBytes(field: number): number {
  return field === LENGTH_64 ? FRAME_HEADER_BYTES : field === LENGTH_16 ? 4 : 2;
}

/** @param range `to` is not behind `from` */
function unmask(
  memory: Buffer,
  key: number,
  { from, to, size }: { readonly from: number; readonly to: number; readonly size: number },
): void {
  for (let index = 0; index < size; index += 1) {
    const shift = 24 - 8 * (index & 3);
    memory[to + index] = (memory[from + index] ?? 0) ^ (key >>> shift);
  }
}
