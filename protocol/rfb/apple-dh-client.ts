import { createCipheriv, createDiffieHellman, createHash } from "node:crypto";
import type { Conversation } from "../bytes/conversation.ts";
import { bytes, u16, type Grammar } from "../bytes/grammar.ts";
import { ProtocolError } from "../errors.ts";
import { encodeField } from "./credential-field.ts";
import type { ServerLogin } from "./server-login.ts";

const FIELD_BYTES = 64;
/** In bytes: 512 bits is the least that can be computed with, 4096 the most that is worth the time. */
export const APPLE_DH_MIN_BYTES = 64;
export const APPLE_DH_MAX_BYTES = 512;

interface Offer {
  readonly generator: number;
  readonly prime: Buffer;
  readonly publicKey: Buffer;
}

/**
 * Apple's Diffie-Hellman authentication, up to SecurityResult. It hides user name and password from listeners, nothing else.
 *
 *     S  U16 generator · U16 length L · prime (L) · public key (L)
 *     C  128 bytes AES-128-ECB under MD5(shared secret, L bytes) of user (64) ‖ password (64) · public key (L)
 *
 * @throws ProtocolError `SERVER_KEY_EXCHANGE`; AuthError `SERVER_PASSWORD_WRONG` for what does not fit into 63 bytes
 */
export async function passAppleDh(peer: Conversation, login: ServerLogin): Promise<void> {
  const offer = await peer.read(readOffer());
  const { secret, publicKey } = agree(offer);
  const fields = Buffer.concat([
    encodeField(login.user ?? "", FIELD_BYTES, "user name"),
    encodeField(login.password ?? "", FIELD_BYTES, "password"),
  ]);
  const key = createHash("md5").update(secret).digest();
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  await peer.write(Buffer.concat([cipher.update(fields), cipher.final(), publicKey]));
}

function* readOffer(): Grammar<Offer> {
  const generator = yield* u16();
  const length = yield* u16();
  if (length < APPLE_DH_MIN_BYTES || length > APPLE_DH_MAX_BYTES)
    throw refused(`a key of ${length} bytes, where ${APPLE_DH_MIN_BYTES} to ${APPLE_DH_MAX_BYTES} will do`);
  const prime = Buffer.from(yield* bytes(length));
  return { generator, prime, publicKey: Buffer.from(yield* bytes(length)) };
}

function agree({ generator, prime, publicKey }: Offer): { secret: Buffer; publicKey: Buffer } {
  try {
    const exchange = createDiffieHellman(prime, generator);
    const own = exchange.generateKeys();
    return {
      secret: padLeft(exchange.computeSecret(publicKey), prime.length),
      publicKey: padLeft(own, prime.length),
    };
  } catch (cause) {
    throw refused("its numbers are of no use", cause);
  }
}

function padLeft(number: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, length - number.length)), number]);
}

function refused(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError("SERVER_KEY_EXCHANGE", `the VNC server's key exchange: ${why}`, { cause });
}
