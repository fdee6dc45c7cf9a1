import { createCipheriv, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import { AES_BLOCK_BYTES, Cmac } from "./cmac.ts";

export const TAG_BYTES = AES_BLOCK_BYTES;

/** The first block distinguishes EAX's three uses of one CMAC. */
const NONCE_BLOCK = makeTweak(0);
const HEADER_BLOCK = makeTweak(1);
const MESSAGE_BLOCK = makeTweak(2);

function makeTweak(use: number): Buffer {
  const block = Buffer.alloc(AES_BLOCK_BYTES);
  block[AES_BLOCK_BYTES - 1] = use;
  return block;
}

/**
 * Authenticated encryption with associated data: AES in EAX mode, with full-length tags.
 * @see Bellare, Rogaway, Wagner: The EAX Mode of Operation
 */
export class Eax {
  readonly #key: KeyObject;
  readonly #cipher: string;
  readonly #cmac: Cmac;

  /** @param key 16 or 32 bytes */
  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
    this.#cipher = `aes-${key.length * 8}-ctr`;
    this.#cmac = new Cmac(key);
  }

  /** The ciphertext, as long as the message, and its 16-byte tag. */
  seal(nonce: Buffer, header: Buffer, message: Buffer): readonly [Buffer, Buffer] {
    const start = this.#cmac.mac(NONCE_BLOCK, nonce);
    const ciphertext = this.#applyKeyStream(start, message);
    return [ciphertext, this.#tag(start, header, ciphertext)];
  }

  /** The message; null: the tag is wrong. */
  open(nonce: Buffer, header: Buffer, ciphertext: Buffer, tag: Buffer): Buffer | null {
    const start = this.#cmac.mac(NONCE_BLOCK, nonce);
    if (!timingSafeEqual(this.#tag(start, header, ciphertext), tag)) return null;
    return this.#applyKeyStream(start, ciphertext);
  }

  #applyKeyStream(start: Buffer, input: Buffer): Buffer {
    return createCipheriv(this.#cipher, this.#key, start).update(input);
  }

  #tag(start: Buffer, header: Buffer, ciphertext: Buffer): Buffer {
    const ofHeader = this.#cmac.mac(HEADER_BLOCK, header);
    const ofMessage = this.#cmac.mac(MESSAGE_BLOCK, ciphertext);
    const tag = Buffer.allocUnsafe(TAG_BYTES);
    for (let at = 0; at < TAG_BYTES; at += 4) {
      const word = start.readInt32LE(at) ^ ofHeader.readInt32LE(at) ^ ofMessage.readInt32LE(at);
      tag.writeInt32LE(word, at);
    }
    return tag;
  }
}
