import { createCipheriv, type Cipheriv } from "node:crypto";

export const AES_BLOCK_BYTES = 16;
const ZERO = Buffer.alloc(AES_BLOCK_BYTES);

/**
 * CMAC over AES, with one CBC cipher for the lifetime of the key. The cipher's chaining continues across
 * messages. To cancel it, the last output block is XORed into the first block of the next message.
 * @see NIST SP 800-38B, RFC 4493
 */
export class Cmac {
  readonly #cbc: Cipheriv;
  readonly #wholeKey: Buffer;
  readonly #paddedKey: Buffer;
  #last: Buffer;
  #scratch = Buffer.alloc(4 * AES_BLOCK_BYTES);

  /** @param key 16 or 32 bytes */
  constructor(key: Buffer) {
    this.#cbc = createCipheriv(`aes-${key.length * 8}-cbc`, key, ZERO).setAutoPadding(false);
    this.#last = this.#cbc.update(ZERO);
    this.#wholeKey = double(this.#last);
    this.#paddedKey = double(this.#wholeKey);
  }

  /** The 16-byte code of the concatenated parts. */
  mac(...parts: readonly Buffer[]): Buffer {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const end = Math.max(1, Math.ceil(length / AES_BLOCK_BYTES)) * AES_BLOCK_BYTES;
    if (end > this.#scratch.length) this.#scratch = Buffer.alloc(end);
    const blocks = this.#scratch.subarray(0, end);
    let at = 0;
    for (const part of parts) at += part.copy(blocks, at);
    if (length < end) {
      blocks.fill(0, length);
      blocks[length] = 0x80;
    }
    addInto(blocks, end - AES_BLOCK_BYTES, length === end ? this.#wholeKey : this.#paddedKey);
    addInto(blocks, 0, this.#last);
    // A copy: a view of the last block would keep the whole output in memory.
    this.#last = Buffer.from(this.#cbc.update(blocks).subarray(-AES_BLOCK_BYTES));
    return this.#last;
  }
}

/** Multiplication by x in GF(2^128). */
function double(block: Buffer): Buffer {
  const doubled = Buffer.alloc(AES_BLOCK_BYTES);
  let carry = 0;
  for (let at = AES_BLOCK_BYTES - 1; at >= 0; at--) {
    const byte = block.readUInt8(at);
    doubled[at] = (byte << 1) | carry;
    carry = byte >> 7;
  }
  doubled.writeUInt8(doubled.readUInt8(AES_BLOCK_BYTES - 1) ^ (carry * 0x87), AES_BLOCK_BYTES - 1);
  return doubled;
}

function addInto(blocks: Buffer, offset: number, block: Buffer): void {
  for (let at = 0; at < AES_BLOCK_BYTES; at += 4) {
    blocks.writeInt32LE(blocks.readInt32LE(offset + at) ^ block.readInt32LE(at), offset + at);
  }
}
