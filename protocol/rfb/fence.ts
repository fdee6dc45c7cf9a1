/** Fence, the same in both directions: U8 248 · padding[3] · U32 flags · U8 length · payload. */
export const FENCE_TYPE = 248;
export const FENCE_HEAD_BYTES = 9;
/** In bytes; the specification's limit. */
export const MAX_FENCE_PAYLOAD = 64;
export const FenceFlag = {
  blockBefore: 1,
  blockAfter: 2,
  syncNext: 4,
  /** The sign bit: needs `>>> 0` after masking. */
  request: 0x80000000,
} as const;

export interface Fence {
  readonly flags: number;
  readonly payload: Buffer;
}

/** @param wire one complete message */
export function readFence(wire: Buffer): Fence {
  return { flags: wire.readUInt32BE(4), payload: wire.subarray(FENCE_HEAD_BYTES) };
}

export function encodeFence({ flags, payload }: Fence): Buffer {
  const out = Buffer.alloc(FENCE_HEAD_BYTES + payload.length);
  out.writeUInt8(FENCE_TYPE, 0);
  out.writeUInt32BE(flags >>> 0, 4);
  out.writeUInt8(payload.length, 8);
  payload.copy(out, FENCE_HEAD_BYTES);
  return out;
}

export function hasFlag({ flags }: Pick<Fence, "flags">, flag: number): boolean {
  return (flags & flag) !== 0;
}
