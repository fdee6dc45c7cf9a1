import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { encodeU32 } from "../../bytes/encoders.ts";
import { u32, type Grammar } from "../../bytes/grammar.ts";
import { LimitError, ProtocolError } from "../../errors.ts";

const MIN_KEY_BITS = 1_024;
export const MAX_KEY_BITS = 8_192;
/** Longer public exponents only slow down encryption here; in practice all keys use 65537. */
const MAX_EXPONENT_BYTES = 8;
const FINGERPRINT_BYTES = 8;

export interface RsaPublicKey {
  readonly key: KeyObject;
  /** Length of the modulus, and so of everything that is encrypted to this key. */
  readonly bytes: number;
  /** The form that is sent and hashed: U32 bits, modulus, exponent, both as long as the modulus. */
  readonly wire: Buffer;
}

/**
 * A peer's public key.
 * @throws LimitError `RSA_AES_KEY_SIZE` before any byte of the key itself is awaited; ProtocolError
 *   `RSA_AES_KEY`
 */
export function* rsaPublicKey(): Grammar<RsaPublicKey> {
  const bits = yield* u32();
  if (bits < MIN_KEY_BITS || bits > MAX_KEY_BITS) {
    throw new LimitError("RSA_AES_KEY_SIZE", `RSA keys of ${bits} bits are not accepted`, {
      safeMessage: `RSA keys have to have ${MIN_KEY_BITS} to ${MAX_KEY_BITS} bits.`,
    });
  }
  const bytes = Math.ceil(bits / 8);
  const numbers = Buffer.from(yield 2 * bytes);
  const modulus = numbers.subarray(0, bytes);
  const exponent = numbers.subarray(bytes);
  checkNumbers(modulus, exponent);
  return new PeerKey(modulus, exponent, Buffer.concat([encodeU32(bits), numbers]));
}

/** The peer chose it, and to import a long one takes long: that is done where it is used, which may be another thread. */
class PeerKey implements RsaPublicKey {
  readonly bytes: number;
  readonly wire: Buffer;
  readonly #modulus: Buffer;
  readonly #exponent: Buffer;
  #key: KeyObject | undefined;

  constructor(modulus: Buffer, exponent: Buffer, wire: Buffer) {
    this.bytes = modulus.length;
    this.wire = wire;
    this.#modulus = modulus;
    this.#exponent = exponent;
  }

  /** @throws ProtocolError `RSA_AES_KEY` */
  get key(): KeyObject {
    return (this.#key ??= importKey(this.#modulus, this.#exponent));
  }
}

function checkNumbers(modulus: Buffer, exponent: Buffer): void {
  if (modulus[0] === 0) throw refuseKey("its modulus is shorter than it says");
  if (!isOdd(modulus)) throw refuseKey("its modulus is even");
  const long = exponent.subarray(0, -MAX_EXPONENT_BYTES);
  if (long.some((byte) => byte !== 0)) throw refuseKey("its exponent is too long");
  if (!isOdd(exponent)) throw refuseKey("its exponent is even");
  if (exponent.subarray(-MAX_EXPONENT_BYTES).readBigUInt64BE() < 3n) throw refuseKey("its exponent is 1");
}

function isOdd(number: Buffer): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1;
}

function importKey(modulus: Buffer, exponent: Buffer): KeyObject {
  const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") };
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw refuseKey("it cannot be read", cause);
  }
}

function refuseKey(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError("RSA_AES_KEY", `the peer's RSA key is not usable: ${why}`, { cause });
}

/** @param key an RSA key, private or public */
export function describeRsaKey(key: KeyObject): RsaPublicKey {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  const bytes = Math.ceil(bits / 8);
  const wire = Buffer.concat([encodeU32(bits), padLeft(n, bytes), padLeft(e, bytes)]);
  return { key: publicKey, bytes, wire };
}

function padLeft(base64url: string, length: number): Buffer {
  const number = Buffer.from(base64url, "base64url");
  return Buffer.concat([Buffer.alloc(length - number.length), number]);
}

/** A server key's fingerprint as viewers show it: the first 8 bytes of its SHA-1, in hex, with dashes. */
export function formatKeyFingerprint({ wire }: RsaPublicKey): string {
  const digest = createHash("sha1").update(wire).digest().subarray(0, FINGERPRINT_BYTES);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("-");
}
