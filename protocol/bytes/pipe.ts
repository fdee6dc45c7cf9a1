import type { Duplex } from "node:stream";
import { isPosternError, PeerClosed } from "../errors.ts";

import { HighWaterMark } from "./high-water-mark.ts";
import { PieceWriter } from "./piece-writer.ts";
import { ReadBuffers } from "./read-buffers.ts";
import { releasesChunks, readInPlace } from "./read-in-place.ts";

/** Chunks of this size usually arrive in series: they wait for the end of their turn of the event loop. */
const GATHER_FROM = 16_000;
/** So many chunks, each at most so long after the one before, are a series. */
const SERIES_CHUNKS = 3;
const SERIES_MS = 0.5;
/** In a series, chunks are gathered until they are this many bytes, or no more arrive, or for this many turns. */
const GATHER_BYTES = 32 * 1024;
const GATHER_TURNS = 4;

/** Size of each buffer for what is read after the end. */
const UNREAD_BYTES = 16 * 1024;

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
 * @param through receives each chunk instead of the destination, and calls `forward` with the bytes to send on:
 *   during the call with views of the chunk, which is not valid any longer, or at any time with memory of its own
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
  #chunkAt = -Infinity;
  /** Chunks that came closely behind each other, the latest one included. */
  #closeChunks = 0;
  /** What is pending waits for the end of this turn of the event loop. */
  #gathering = false;
  #gatheredTurns = 0;
  #turnHasChunk = false;
  /** A chunk is being filtered: what is forwarded is sent afterwards. */
  #filtering = false;
  /** Memory that the source reads into. Undefined: the source emits chunks of its own. */
  #buffers: ReadBuffers | undefined;
  /** Where the source reads to once the pipe is over. */
  #unread: Buffer | undefined;
  readonly #writer: PieceWriter;
  readonly #highWaterMark = new HighWaterMark();

  constructor(from: Duplex, to: Duplex, through: ((chunk: Buffer, forward: Forward) => void) | undefined) {
    this.#from = from;
    this.#to = to;
    this.#through = through;
    this.#writer = new PieceWriter(to, this.#onWritten);
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
    this.#from.on("data", this.#onData);
    if (releasesChunks(this.#to)) this.#readInPlace();
    this.#from.resume();
  }

  #readInPlace(): void {
    const buffers = new ReadBuffers(this.#writer.headerBytes);
    const place = {
      // What is read after the end must not touch memory that a stream may still have to write.
      nextBuffer: () =>
        this.#settled
          ? (this.#unread = Buffer.allocUnsafeSlow(UNREAD_BYTES))
          : buffers.nextBuffer(buffers.taken - this.#writer.waiting),
      onRead: (length: number) => {
        this.#onRead(buffers, length);
      },
    };
    if (readInPlace(this.#from, place)) this.#buffers = buffers;
  }

  #onRead(buffers: ReadBuffers, length: number): void {
    if (this.#sourceEnded) return;
    if (this.#settled) {
      // The pipe is over: push the bytes back into the stream as unread bytes.
      this.#from.push(this.#unread?.subarray(0, length) ?? Buffer.from(buffers.latest(length)));
      return;
    }
    const chunk = buffers.latest(length);
    this.bytes += length;
    if (this.#through) this.#filter(chunk, this.#forwardPlaced);
    else buffers.keep(chunk);
    if (buffers.isFull) {
      buffers.grow();
      this.#takePending();
      this.#writer.start();
    }
    this.#onChunk(length);
  }

  /** The source emits a chunk of its own. */
  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    if (this.#through) this.#filter(chunk, this.#forward);
    else this.#forward(chunk);
    this.#onChunk(chunk.length);
  };

  #filter(chunk: Buffer, forward: Forward): void {
    this.#filtering = true;
    try {
      this.#through?.(chunk, forward);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.#filtering = false;
  }

  readonly #forward = (chunk: Buffer): void => {
    if (this.#settled) return;
    this.#takePending();
    this.#addForeign(chunk);
  };

  /** Forwards a view of the chunk that was read in place, or other memory. */
  readonly #forwardPlaced = (piece: Buffer): void => {
    if (this.#settled || !this.#buffers) return;
    if (this.#buffers.keep(piece)) return;
    this.#takePending();
    if (this.#buffers.keep(piece)) return;
    this.#addForeign(this.#buffers.holds(piece) ? Buffer.from(piece) : piece);
  };

  #addForeign(piece: Buffer): void {
    this.#writer.addForeign(piece);
    if (this.#through && !this.#filtering) this.#writer.start();
  }

  /** A chunk was read. A small one leaves at once, unless it is one of a series. */
  #onChunk(length: number): void {
    if (this.#settled) return;
    const now = performance.now();
    this.#closeChunks = now - this.#chunkAt < SERIES_MS ? this.#closeChunks + 1 : 1;
    this.#chunkAt = now;
    this.#turnHasChunk = true;
    if (!this.#gathering) {
      if (length < GATHER_FROM && !this.#isSeries) this.#send();
      else this.#gather();
    }
    if (this.#waiting >= this.#highWaterMark.bytes) this.#pause();
  }

  get #isSeries(): boolean {
    return this.#closeChunks >= SERIES_CHUNKS;
  }

  #gather(): void {
    this.#gathering = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#gathering = false;
    if (this.#settled) return;
    const isQuiet = !this.#turnHasChunk;
    this.#turnHasChunk = false;
    this.#gatheredTurns += 1;
    const isEnough = this.#waiting >= GATHER_BYTES || this.#gatheredTurns >= GATHER_TURNS;
    if (isQuiet || isEnough || !this.#isSeries) this.#send();
    if (!isQuiet && this.#isSeries) this.#gather();
  };

  /** Bytes that were read and not yet written out. */
  get #waiting(): number {
    return this.#writer.waiting + (this.#buffers?.pending ?? 0);
  }

  /** What comes while a piece is written leaves behind it, together. */
  #send(): void {
    if (this.#writer.isWriting || this.#to.destroyed) return;
    this.#gatheredTurns = 0;
    this.#takePending();
    this.#writer.start();
  }

  #takePending(): void {
    if (this.#buffers && this.#buffers.pending > 0) this.#writer.add(this.#buffers.take());
  }

  readonly #onWritten = (): void => {
    if (this.#settled) return;
    if (!this.#gathering || this.#waiting >= GATHER_BYTES) this.#send();
    if (this.#sourceEnded && this.#waiting === 0) this.#to.end();
    if (!this.#paused || this.#waiting >= this.#highWaterMark.lowBytes) return;
    this.#paused = false;
    this.#highWaterMark.onResumed(performance.now());
    this.#from.resume();
  };

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#highWaterMark.onPaused(performance.now());
    this.#from.pause();
  }

  readonly #onEnd = (): void => {
    this.#sourceEnded = true;
    this.#takePending();
    this.#writer.start();
    if (this.#waiting === 0) this.#to.end();
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
    if (!this.#settled && !this.#to.destroyed) {
      this.#takePending();
      this.#writer.flush();
    }
    if (!this.#settle()) return;
    this.#from.pause();
    this.#reject(error);
  }

  /** The error listeners stay: a stream may fail after the pipe is done, which must not be uncaught. */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#from.off("data", this.#onData);
    this.#from.off("end", this.#onEnd);
    this.#from.off("close", this.#onSourceClose);
    this.#to.off("close", this.#onDestinationClose);
    this.#to.off("finish", this.#onFinish);
    return true;
  }
}
