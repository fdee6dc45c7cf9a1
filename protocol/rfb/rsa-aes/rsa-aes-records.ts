import { encodeU16 } from "../../bytes/encoders.ts";
import { checkLength, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { Eax, TAG_BYTES } from "./eax.ts";

/** The most bytes that a record can carry: its length is a U16. */
export const MAX_RECORD_BYTES = 65_535;
/** The most bytes that are sent in one record: the size that other programs use. */
const SENT_RECORD_BYTES = 8_192;

/** A nonce for each record of one direction: 16 bytes, little-endian, from 0. */
class Counter {
  readonly value = Buffer.alloc(16);

  advance(): void {
    for (let at = 0; at < this.value.length; at++) {
      const byte = (this.value.readUInt8(at) + 1) & 0xff;
      this.value[at] = byte;
      if (byte !== 0) return;
    }
  }
}

/**
 * Encrypts the records of one direction, in order: U16 length (the associated data), ciphertext, 16-byte tag.
 */
export class RecordSealer {
  readonly #eax: Eax;
  readonly #counter = new Counter();

  constructor(key: Buffer) {
    this.#eax = new Eax(key);
  }

  /** Encrypts into as many records as needed. */
  seal(plaintext: Buffer): Buffer {
    const pieces: Buffer[] = [];
    for (let at = 0; at < plaintext.length; at += SENT_RECORD_BYTES) {
      const message = plaintext.subarray(at, at + SENT_RECORD_BYTES);
      const header = encodeU16(message.length);
      pieces.push(header, ...this.#eax.seal(this.#counter.value, header, message));
      this.#counter.advance();
    }
    return Buffer.concat(pieces);
  }
}

/** Decrypts the records of the other direction. */
export class RecordOpener {
  readonly #eax: Eax;
  readonly #counter = new Counter();

  constructor(key: Buffer) {
    this.#eax = new Eax(key);
  }

  /**
   * The plaintext of one record.
   * @throws LimitError `LENGTH_LIMIT`; ProtocolError `RSA_AES_RECORD` for one that was changed or repeated,
   *   or after one that was omitted
   */
  *record(maxBytes = MAX_RECORD_BYTES): Grammar<Buffer> {
    const header = Buffer.from(yield 2);
    const length = header.readUInt16BE(0);
    checkLength(length, maxBytes, "RSA-AES record");
    const sealed = yield length + TAG_BYTES;
    const { value } = this.#counter;
    const plaintext = this.#eax.open(value, header, sealed.subarray(0, length), sealed.subarray(length));
    if (!plaintext) throw new ProtocolError("RSA_AES_RECORD", "an RSA-AES record is not authentic");
    this.#counter.advance();
    return plaintext;
  }
}
