import { constants, privateDecrypt, publicEncrypt, randomBytes, type KeyObject } from "node:crypto";
import { encodeU16 } from "../../bytes/encoders.ts";
import { bytes, u16, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import type { RsaPublicKey } from "./public-key.ts";

/** U16 length, then the random number as RSA encrypts it with PKCS #1 v1.5 padding. */
export function encryptRandom({ key, bytes: length }: RsaPublicKey, random: Buffer): Buffer {
  const encrypted = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, random);
  return Buffer.concat([encodeU16(length), encrypted]);
}

/**
 * The peer's encrypted random number.
 * @param length of our modulus: no other length can have been encrypted to it
 * @throws ProtocolError `RSA_AES_RANDOM`
 */
export function* encryptedRandom(length: number): Grammar<Buffer> {
  const announced = yield* u16();
  if (announced !== length) {
    throw new ProtocolError("RSA_AES_RANDOM", `${announced} encrypted bytes where the key makes ${length}`);
  }
  return Buffer.from(yield* bytes(length));
}

/**
 * What was encrypted; or, if that is not a padded number of this length, random bytes that fail later on. No peer learns
 * from our answer or its time which it was (Bleichenbacher).
 * @see RFC 8017 §7.2.2
 */
export function decryptRandom(key: KeyObject, encrypted: Buffer, length: number): Buffer {
  const substitute = randomBytes(length);
  const padded = decryptRaw(key, encrypted);
  const separator = padded.length - length - 1;
  let wrong = padded.readUInt8(0) | (padded.readUInt8(1) ^ 2) | padded.readUInt8(separator);
  // Subtracting 1 makes a negative number of 0 alone.
  for (let at = 2; at < separator; at++) wrong |= (padded.readUInt8(at) - 1) >>> 31;
  const mask = (-wrong >> 31) & 0xff;
  const found = padded.subarray(separator + 1);
  for (let at = 0; at < length; at++) {
    const byte = (substitute.readUInt8(at) & mask) | (found.readUInt8(at) & ~mask);
    substitute.writeUInt8(byte, at);
  }
  return substitute;
}

/** Node refuses to take PKCS #1 v1.5 padding off by itself, for good reasons: it would tell whether it was right. */
function decryptRaw(key: KeyObject, encrypted: Buffer): Buffer {
  try {
    return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted);
  } catch {
    // Not below the modulus, which is public anyway.
    return Buffer.alloc(encrypted.length);
  }
}
