import type { Duplex } from "node:stream";
import { isPosternError, PeerClosed } from "../errors.ts";

import { HighWaterMark } from "./high-water-mark.ts";
import { ReadBuffers } from "./read-buffers.ts";
import { releasesChunks, readInPlace } from "./read-in-place.ts";

/**
 * Chunks of this size usually arrive in series, so they are gathered for one system call. Smaller ones must
 * not wait.
 */
const GATHER_FROM = 16_000;

export type Forward = (chunk: Buffer) => void;

export interface Pipe {
  /** Bytes read from the source so far. */
  readonly bytes: number;
  /**
   * Fulfilled when the source has ended and the destination has accepted all bytes and its own end.
   * Rejected with PeerClosed `PEER_CLOSED` when either of them fails or closes before that, with PeerClosed
   * `ABORTED` after `stop`, or with the error of `through`. Safe to ignore: an unobserved rejection is not
   * reported as unhandled.
   */
  readonly ended: Promise<void>;
  /** Stops moving bytes. Both streams stay open; the source is paused with its unread bytes. Idempotent. */
  stop(): void;
}

/**
 * Moves bytes from one stream to another, with backpressure and half-close, starting with the bytes already
 * buffered in the source. Neither stream is destroyed: both belong to the caller, who also handles a
 * rejection.
 * @param through receives each chunk instead of the destination, and calls `forward`, synchronously, with the
 *   bytes to send on
 */
export function pipe(from: Duplex, to: Duplex, through?: (chunk: Buffer, forward: Forward) => void): Pipe {
  return new StreamPipe(from, to, through);
}

class StreamPipe implements Pipe {
  bytes = 0;
  readonly ended: Promise<void>;
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #through: ((chunk: Buffer, forward: Forward) => void) | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #settled = false;
  #sourceEnded = false;
  #paused = false;
  #corked = false;
  #gathering = false;
  /** Memory that the source reads into. Undefined: the source emits chunks of its own. */
  #buffers: ReadBuffers | undefined;
  /** Pieces of the buffers, written one at a time: TLS copies when it is given several at once. */
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #writing = false;
  readonly #highWaterMark = new HighWaterMark();

  constructor(from: Duplex, to: Duplex, through: ((chunk: Buffer, forward: Forward) => void) | undefined) {
    this.#from = from;
    this.#to = to;
    this.#through = through;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(() => undefined);
    from.on("error", this.#onError);
    to.on("error", this.#onError);
    from.on("close", this.#onSourceClose);
    to.on("close", this.#onDestinationClose);
    to.on("finish", this.#onFinish);
    if (to.destroyed || to.writableEnded) this.#onDestinationClose();
    else if (from.readableEnded) this.#onEnd();
    else if (from.destroyed) this.#onSourceClose();
    else this.#start();
  }

  stop(): void {
    this.#fail(new PeerClosed("ABORTED", "the relay was stopped"));
  }

  #start(): void {
    this.#from.on("end", this.#onEnd);
    this.#from.on("data", this.#through ? this.#onFilteredData : this.#onData);
    if (!this.#through && releasesChunks(this.#to)) this.#readInPlace();
    this.#from.resume();
  }

  #readInPlace(): void {
    const buffers = new ReadBuffers();
    const place = {
      nextBuffer: () => buffers.nextBuffer(buffers.taken - this.#waiting),
      onRead: (length: number) => {
        this.#onRead(buffers, length);
      },
    };
    if (readInPlace(this.#from, place)) this.#buffers = buffers;
  }

  #onRead(buffers: ReadBuffers, length: number): void {
    buffers.filled(length);
    if (this.#settled) {
      // The pipe is over: push the bytes back into the stream as unread bytes.
      this.#from.push(Buffer.from(buffers.take()));
      return;
    }
    this.bytes += length;
    if (buffers.isFull) {
      buffers.grow();
      this.#takeGathered();
    } else if (length < GATHER_FROM) this.#takeGathered();
    else if (!this.#gathering) {
      this.#gathering = true;
      setImmediate(this.#takeGathered);
    }
    if (this.#waiting + buffers.pending >= this.#highWaterMark.bytes) this.#pause();
  }

  /** Bytes that were read and not yet written out. */
  get #waiting(): number {
    return this.#queued + this.#to.writableLength;
  }

  readonly #takeGathered = (): void => {
    if (!this.#buffers) return;
    this.#gathering = false;
    if (this.#settled || this.#buffers.pending === 0 || this.#to.destroyed) return;
    const piece = this.#buffers.take();
    this.#queue.push(piece);
    this.#queued += piece.length;
    this.#writeNext();
  };

  #writeNext(): void {
    const piece = this.#writing ? undefined : this.#queue.shift();
    if (!piece) return;
    this.#writing = true;
    this.#queued -= piece.length;
    this.#to.write(piece, this.#onPieceWritten);
  }

  readonly #onPieceWritten = (): void => {
    this.#writing = false;
    if (this.#settled) return;
    this.#writeNext();
    this.#onWritten();
    if (this.#sourceEnded && !this.#writing) this.#to.end();
  };

  #flush(): void {
    this.#takeGathered();
    for (const piece of this.#queue.splice(0)) this.#to.write(piece);
    this.#queued = 0;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    this.#forward(chunk);
  };

  readonly #onFilteredData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    try {
      this.#through?.(chunk, this.#forward);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  };

  readonly #forward = (chunk: Buffer): void => {
    if (this.#settled) return;
    if (chunk.length >= GATHER_FROM && !this.#corked) {
      this.#corked = true;
      this.#to.cork();
      setImmediate(this.#uncork);
    }
    this.#write(chunk);
    if (this.#to.writableLength >= this.#highWaterMark.bytes) this.#pause();
  };

  #write(chunk: Buffer): void {
    // A callback is only useful for chunks that can make the destination reach the low mark.
    if (this.#to.writableLength + chunk.length < this.#highWaterMark.lowBytes) this.#to.write(chunk);
    else this.#to.write(chunk, this.#onWritten);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#highWaterMark.onPaused(performance.now());
    this.#from.pause();
  }

  readonly #uncork = (): void => {
    if (!this.#corked) return;
    this.#corked = false;
    this.#to.uncork();
  };

  readonly #onWritten = (): void => {
    if (!this.#paused || this.#settled || this.#waiting >= this.#highWaterMark.lowBytes) return;
    this.#paused = false;
    this.#highWaterMark.onResumed(performance.now());
    this.#from.resume();
  };

  readonly #onEnd = (): void => {
    this.#sourceEnded = true;
    this.#takeGathered();
    this.#uncork();
    if (!this.#writing) this.#to.end();
  };

  readonly #onFinish = (): void => {
    if (!this.#sourceEnded) this.#onDestinationClose();
    else if (this.#settle()) this.#resolve();
  };

  readonly #onSourceClose = (): void => {
    if (this.#sourceEnded || this.#from.readableEnded) return;
    this.#fail(new PeerClosed("PEER_CLOSED", "the source closed before its end"));
  };

  readonly #onDestinationClose = (): void => {
    this.#fail(new PeerClosed("PEER_CLOSED", "the destination closed before it had taken everything"));
  };

  readonly #onError = (cause: Error): void => {
    if (isPosternError(cause)) this.#fail(cause);
    else this.#fail(new PeerClosed("PEER_CLOSED", `connection failed: ${cause.message}`, { cause }));
  };

  #fail(error: Error): void {
    if (!this.#settled && !this.#to.destroyed) this.#flush();
    if (!this.#settle()) return;
    this.#from.pause();
    this.#uncork();
    this.#reject(error);
  }

  /** The error listeners stay: a stream may fail after the pipe is done, which must not be uncaught. */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#from.off("data", this.#onData);
    this.#from.off("data", this.#onFilteredData);
    this.#from.off("end", this.#onEnd);
    this.#from.off("close", this.#onSourceClose);
    this.#to.off("close", this.#onDestinationClose);
    this.#to.off("finish", this.#onFinish);
    return true;
  }
}
