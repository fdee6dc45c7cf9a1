import { createCipheriv, createHash, randomBytes } from "node:crypto";
import type { Conversation } from "../../bytes/conversation.ts";
import { bytes, u16, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { encodeCredentialField } from "./credential-field.ts";
import { encodeNumber, raiseModulo, readNumber } from "./modular-power.ts";
import { encodePassword, type ServerLogin } from "./server-login.ts";

const FIELD_BYTES = 64;
/** Shortest prime, in bytes. The range is 512 to 4096 bits. */
export const APPLE_DH_MIN_BYTES = 64;
export const APPLE_DH_MAX_BYTES = 512;
/** Length of the secret exponent: as hard to guess as the prime is to break, a few milliseconds at most. */
const EXPONENT_BYTES = 32;

interface KeyExchangeOffer {
  readonly generator: bigint;
  readonly prime: bigint;
  readonly publicKey: bigint;
  readonly length: number;
}

/**
 * Apple's Diffie-Hellman authentication, up to SecurityResult. It protects user name and password from
 * eavesdroppers only.
 *
 *    S  U16 generator · U16 length L · prime (L) · public key (L)
 *    C  128 bytes AES-128-ECB under MD5(shared secret, L bytes) of user (64) ‖ password (64) · public key (L)
 *
 * @throws ProtocolError `SERVER_KEY_EXCHANGE`; AuthError `SERVER_PASSWORD_WRONG` for what does not fit into
 *   63 bytes
 */
export async function logInWithAppleDh(peer: Conversation, login: ServerLogin): Promise<void> {
  const offer = await peer.read(readOffer());
  const own = readNumber(randomBytes(EXPONENT_BYTES));
  const secret = encodeNumber(raiseModulo(offer.publicKey, own, offer.prime), offer.length);
  const publicKey = encodeNumber(raiseModulo(offer.generator, own, offer.prime), offer.length);
  const fields = Buffer.concat([
    encodeCredentialField(login.user ?? "", FIELD_BYTES, "user name"),
    encodeCredentialField(encodePassword(login), FIELD_BYTES, "password"),
  ]);
  const key = createHash("md5").update(secret).digest();
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  await peer.write(Buffer.concat([cipher.update(fields), cipher.final(), publicKey]));
}

function* readOffer(): Grammar<KeyExchangeOffer> {
  const generator = BigInt(yield* u16());
  const length = yield* u16();
  if (length < APPLE_DH_MIN_BYTES || length > APPLE_DH_MAX_BYTES)
    throw refused(`a key of ${length} bytes, where ${APPLE_DH_MIN_BYTES} to ${APPLE_DH_MAX_BYTES} will do`);
  const prime = readNumber(yield* bytes(length));
  const publicKey = readNumber(yield* bytes(length));
  const isPrimeLike = (prime & 1n) === 1n && prime >> BigInt(8 * APPLE_DH_MIN_BYTES - 8) > 0n;
  if (!isPrimeLike || generator < 2n || publicKey < 2n || publicKey >= prime - 1n)
    throw refused("its numbers are of no use");
  return { generator, prime, publicKey, length };
}

function refused(why: string): ProtocolError {
  return new ProtocolError("SERVER_KEY_EXCHANGE", `the VNC server's key exchange: ${why}`);
}
