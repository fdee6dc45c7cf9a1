/** `base` to the power of `exponent`, modulo `modulus` (at least 1). Not constant-time. */
export function raiseModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Big-endian, unsigned. */
export function readNumber(wire: Buffer): bigint {
  return wire.length === 0 ? 0n : BigInt(`0x${wire.toString("hex")}`);
}

/** Big-endian, padded with zeros on the left. @param length in bytes; the value has to fit */
export function encodeNumber(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
}
