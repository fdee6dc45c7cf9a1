import { Duplex } from "node:stream";
import { FrameDecoder } from "../../bytes/frame-decoder.ts";
import { PeerClosed } from "../../errors.ts";
import type { RecordOpener, RecordSealer } from "./rsa-aes-records.ts";

/** Limit of plaintext buffered for the reader: about one chunk of the underlying stream. */
const READ_BYTES = 65_536;
/**
 * Plaintext encrypted at once, in about a quarter of a millisecond, before backpressure of the underlying
 * stream is checked.
 */
const SEAL_BYTES = 65_536;

/**
 * A stream whose bytes are sent over another one as RSA-AES records, with backpressure and half-close. It
 * owns that stream: both end together. A record that is not authentic, or truncated, destroys both.
 */
export class RecordStream extends Duplex {
  readonly #below: Duplex;
  readonly #sealer: RecordSealer;
  readonly #decoder: FrameDecoder<Buffer>;

  /** @param unread plaintext of records that were already decrypted */
  constructor(below: Duplex, sealer: RecordSealer, opener: RecordOpener, unread: Buffer) {
    super({ allowHalfOpen: true, readableHighWaterMark: READ_BYTES });
    this.#below = below;
    this.#sealer = sealer;
    this.#decoder = new FrameDecoder(
      () => opener.record(),
      (plaintext) => {
        if (plaintext.length > 0 && !this.push(plaintext)) below.pause();
      },
    );
    this.on("error", () => undefined);
    if (unread.length > 0) this.push(unread);
    below.on("error", (error) => this.destroy(error));
    below.on("close", () => {
      this.#onClose();
    });
    if (below.destroyed) this.#onClose();
    else if (below.readableEnded) this.#onEnd();
    else {
      below.on("end", () => {
        this.#onEnd();
      });
      below.on("data", (chunk: Buffer) => {
        this.#onData(chunk);
      });
    }
  }

  override _read(): void {
    this.#below.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  /** Small writes that were buffered while the underlying stream was full are sent in full records. */
  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#below.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#below.destroy();
    done(error);
  }

  #send(plaintext: Buffer, done: (error?: Error | null) => void): void {
    if (plaintext.length === 0) {
      done();
      return;
    }
    const rest = plaintext.subarray(SEAL_BYTES);
    let waits = true;
    const settle = (error?: Error | null): void => {
      if (!waits) return;
      waits = false;
      if (error) done(error);
      else this.#send(rest, done);
    };
    if (this.#below.write(this.#sealer.seal(plaintext.subarray(0, SEAL_BYTES)), settle)) settle();
  }

  #onData(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onEnd(): void {
    if (this.#decoder.idle) this.push(null);
    else this.destroy(new PeerClosed("PEER_CLOSED", "the stream ended amid a record"));
  }

  /** In order: after both ends, so that all bytes that were read are still delivered. */
  #onClose(): void {
    const inOrder = this.#below.readableEnded && this.#below.writableFinished;
    if (!inOrder) this.destroy();
  }
}
