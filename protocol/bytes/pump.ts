import type { Duplex } from "node:stream";
import { isPosternError, PeerClosed } from "../errors.ts";

/**
 * Bytes that may wait in the destination before the source is paused; it goes on below half of that. What larger trains
 * save in system calls they lose on the way between being read and being encrypted: see docs/performance.md.
 */
export const PUMP_HIGH_MARK = 64 * 1024;
const LOW_MARK = PUMP_HIGH_MARK / 2;
/** Chunks of this size come in trains: they are gathered for one system call. Smaller ones must not wait. */
const CORK_FROM = 16_000;

export type Forward = (chunk: Buffer) => void;

export interface Pump {
  /** Taken from the source so far. */
  readonly bytes: number;
  /**
   * Fulfilled when the source has ended and the destination has taken everything and its own end.
   * Rejected with PeerClosed `PEER_CLOSED` when either of them fails or closes before that, with PeerClosed `ABORTED` after
   * `stop`, or with what `through` throws. Whoever does not look at it loses nothing but the cause.
   */
  readonly ended: Promise<void>;
  /** Leaves both streams open, the source paused with its unread bytes still in it. Idempotent. */
  stop(): void;
}

/**
 * Moves bytes from one stream to another, with backpressure and half-close, starting with those that lie unread.
 * Neither stream is destroyed: they belong to the caller, who also reacts to a rejection.
 * @param through sees each chunk instead of its being forwarded, and calls `forward` with what may go on, at once
 */
export function pump(from: Duplex, to: Duplex, through?: (chunk: Buffer, forward: Forward) => void): Pump {
  return new RunningPump(from, to, through);
}

class RunningPump implements Pump {
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
    this.#from.resume();
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
    const to = this.#to;
    if (chunk.length >= CORK_FROM && !this.#corked) {
      this.#corked = true;
      to.cork();
      setImmediate(this.#uncork);
    }
    // A callback only where it can matter: for chunks that are behind enough others to be the ones that reach the low mark.
    if (to.writableLength + chunk.length < LOW_MARK) {
      to.write(chunk);
      return;
    }
    to.write(chunk, this.#onWritten);
    if (!this.#paused && to.writableLength >= PUMP_HIGH_MARK) {
      this.#paused = true;
      this.#from.pause();
    }
  };

  readonly #uncork = (): void => {
    if (!this.#corked) return;
    this.#corked = false;
    this.#to.uncork();
  };

  readonly #onWritten = (): void => {
    if (!this.#paused || this.#settled || this.#to.writableLength >= LOW_MARK) return;
    this.#paused = false;
    this.#from.resume();
  };

  readonly #onEnd = (): void => {
    this.#sourceEnded = true;
    this.#uncork();
    this.#to.end();
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
    if (!this.#settle()) return;
    this.#from.pause();
    this.#uncork();
    this.#reject(error);
  }

  /** The error listeners stay: a stream may fail after the pump is done, and that must not be an uncaught error. */
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
