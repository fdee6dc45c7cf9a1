import { encryptBlock, makeKeySchedule } from "./des.ts";

export const CHALLENGE_BYTES = 16;
export const DES_BLOCK_BYTES = 8;
const PASSWORD_BYTES = 8;

/**
 * The 8-byte DES key of a VNC password: at most 8 characters, NUL-padded, the bits of each byte reversed.
 * @see RFC 6143 §7.2.2; all implementations reverse the bits
 */
export function vncAuthKey(password: string): Buffer {
  const key = Buffer.alloc(PASSWORD_BYTES);
  key.write(password, 0, PASSWORD_BYTES, "latin1");
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
export function vncAuthResponse(password: string, challenge: Buffer): Buffer {
  if (challenge.length !== CHALLENGE_BYTES) throw new Error("a VncAuth challenge has 16 bytes");
  const schedule = makeKeySchedule(vncAuthKey(password));
  const response = Buffer.alloc(CHALLENGE_BYTES);
  encryptBlock(schedule, challenge, response, 0);
  encryptBlock(schedule, challenge, response, DES_BLOCK_BYTES);
  return response;
}
