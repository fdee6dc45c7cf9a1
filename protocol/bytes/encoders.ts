/** Pure encoders for the integers and fields that all protocols of the product share. Big-endian. */

export function encodeU8(value: number): Buffer {
  return Buffer.of(value);
}

export function encodeU16(value: number): Buffer {
  const out = Buffer.allocUnsafe(2);
  out.writeUInt16BE(value);
  return out;
}

export function encodeU32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeUInt32BE(value);
  return out;
}

/** U32 length, then the bytes (a string as UTF-8). */
export function encodeLengthPrefixed(value: string | Buffer): Buffer {
  const body = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return Buffer.concat([encodeU32(body.length), body]);
}
