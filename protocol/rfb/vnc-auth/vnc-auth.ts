import { encryptBlock, makeKeySchedule } from "./des.ts";

export const CHALLENGE_BYTES = 16;
export const DES_BLOCK_BYTES = 8;
const PASSWORD_BYTES = 8;

/**
 * The 8-byte DES key of a VNC password: its first 8 bytes, NUL-padded, the bits of each byte reversed.
 * @param password text stands for its bytes in UTF-8
 * @see RFC 6143 §7.2.2; all implementations reverse the bits
 */
export function vncAuthKey(password: Buffer | string): Buffer {
  const key = Buffer.alloc(PASSWORD_BYTES);
  (typeof password === "string" ? Buffer.from(password, "utf8") : password).copy(key);
  return reverseKeyBits(key);
}

/** The same key as VNC's DES uses it: the bits of each byte reversed. */
export function reverseKeyBits(key: Buffer): Buffer {
  return Buffer.from(key.map(reverseBits));
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/**
 * The answer to a VncAuth challenge: each half is encrypted separately.
 * @param challenge 16 bytes
 * @returns 16 bytes
 */
export function vncAuthResponse(password: Buffer | string, challenge: Buffer): Buffer {
  if (challenge.length !== CHALLENGE_BYTES) throw new Error("a VncAuth challenge has 16 bytes");
  const schedule = makeKeySchedule(vncAuthKey(password));
  const response = Buffer.alloc(CHALLENGE_BYTES);
  encryptBlock(schedule, challenge, response, 0);
  encryptBlock(schedule, challenge, response, DES_BLOCK_BYTES);
  return response;
}
