import { constants, privateDecrypt, publicEncrypt, randomBytes, type KeyObject } from "node:crypto";
import { encodeU16 } from "../../bytes/encoders.ts";
import { bytes, u16, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import type { RsaPublicKey } from "./public-key.ts";

/** U16 length, then the random number, RSA-encrypted with PKCS #1 v1.5 padding. */
export function encryptRandom({ key, bytes: length }: RsaPublicKey, random: Buffer): Buffer {
  const encrypted = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, random);
  return Buffer.concat([encodeU16(length), encrypted]);
}

/**
 * The peer's encrypted random number.
 * @param length of the modulus of this side's key: nothing of another length can have been encrypted to it
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
 * The decrypted number. If it is not a padded number of this length, random bytes are returned, which fail
 * later on. Neither the answer nor its timing tells a peer which case it was (Bleichenbacher).
 * @see RFC 8017 §7.2.2
 */
export function decryptRandom(key: KeyObject, encrypted: Buffer, length: number): Buffer {
  const substitute = randomBytes(length);
  const padded = decryptRaw(key, encrypted);
  const separator = padded.length - length - 1;
  let wrong = padded.readUInt8(0) | (padded.readUInt8(1) ^ 2) | padded.readUInt8(separator);
  // Subtracting 1 gives a negative number only for 0.
  for (let at = 2; at < separator; at++) wrong |= (padded.readUInt8(at) - 1) >>> 31;
  const mask = (-wrong >> 31) & 0xff;
  const found = padded.subarray(separator + 1);
  for (let at = 0; at < length; at++) {
    const byte = (substitute.readUInt8(at) & mask) | (found.readUInt8(at) & ~mask);
    substitute.writeUInt8(byte, at);
  }
  return substitute;
}

/**
 * Node does not remove PKCS #1 v1.5 padding in `privateDecrypt`: an error would reveal whether the padding
 * was correct.
 */
function decryptRaw(key: KeyObject, encrypted: Buffer): Buffer {
  try {
    return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted);
  } catch {
    // The value is not below the modulus. That reveals nothing: the modulus is public.
    return Buffer.alloc(encrypted.length);
  }
}
