import type { Duplex } from "node:stream";
import { isPosternError, LimitError, PeerClosed, TimeoutError } from "../errors.ts";
import type { Clock } from "../clock.ts";
import type { Grammar } from "./grammar.ts";

export interface ConversationLimits {
  /** Deadline for the whole conversation, in milliseconds from its start. */
  readonly deadlineMs: number;
  /** Limit for the bytes read in total. More is a LimitError. */
  readonly maxBytes: number;
}

interface Waiter {
  readonly length: number;
  resolve(chunk: Buffer): void;
  reject(error: Error): void;
}

/**
 * The asynchronous driver, for handshakes over any Duplex. It reads exactly the bytes that the grammars ask
 * for, so that unread bytes stay in the stream for its next reader. One absolute deadline covers the whole
 * conversation; `signal` ends it early.
 */
export class Conversation {
  #stream: Duplex;
  readonly #maxBytes: number;
  readonly #cancelDeadline: () => void;
  readonly #signal: AbortSignal | undefined;
  #bytesRead = 0;
  #waiter: Waiter | undefined;
  #failure: Error | undefined;
  #released = false;

  constructor(stream: Duplex, limits: ConversationLimits, clock: Clock, signal?: AbortSignal) {
    this.#stream = stream;
    this.#maxBytes = limits.maxBytes;
    this.#signal = signal;
    this.#listen();
    signal?.addEventListener("abort", this.#onAbort);
    this.#cancelDeadline = clock.after(limits.deadlineMs, () => {
      this.#fail(
        new TimeoutError("HANDSHAKE_TIMEOUT", `handshake not finished after ${limits.deadlineMs} ms`),
      );
    });
    if (signal?.aborted) this.#onAbort();
    // A stream that is already closed emits no further event.
    if (stream.destroyed) this.#onEnd();
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /**
   * Runs one grammar to its end.
   * @throws PeerClosed, TimeoutError, LimitError, or the error of the grammar
   */
  async read<T>(grammar: Grammar<T>): Promise<T> {
    let step = grammar.next();
    while (!step.done) step = grammar.next(await this.#take(step.value));
    return step.value;
  }

  /** Writes, and waits for the peer to accept the bytes. The same deadline applies. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#stream.write(chunk)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        this.#stream.off("drain", settle);
        this.#onFailure = undefined;
        if (this.#failure) reject(this.#failure);
        else resolve();
      };
      this.#onFailure = settle;
      this.#stream.on("drain", settle);
    });
  }

  /**
   * Passes the stream to `replace` and continues on the stream that it returns, for instance TLS over the
   * connection. Deadline, signal and limit stay the same. If one of them ends the conversation first,
   * `replace` is not awaited.
   * @throws TimeoutError, PeerClosed, or the error of `replace`
   */
  async replaceStream(replace: (stream: Duplex) => Promise<Duplex>): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#stopListening();
    const replaced = replace(this.#stream);
    const failed = new Promise<never>((_resolve, reject) => {
      this.#onFailure = () => {
        if (this.#failure) reject(this.#failure);
      };
    });
    try {
      this.#stream = await Promise.race([replaced, failed]);
    } catch (error) {
      // A stream that `replace` still returns has no owner.
      replaced.then(
        (stream) => stream.destroy(),
        () => undefined,
      );
      throw error;
    } finally {
      this.#onFailure = undefined;
    }
    this.#listen();
    if (this.#stream.destroyed) this.#onEnd();
  }

  /** Ends the conversation and returns the stream with its unread bytes. Idempotent. */
  release(): Duplex {
    if (!this.#released) {
      this.#released = true;
      this.#cancelDeadline();
      this.#signal?.removeEventListener("abort", this.#onAbort);
      this.#stopListening();
    }
    return this.#stream;
  }

  #listen(): void {
    this.#stream.on("readable", this.#onReadable);
    this.#stream.on("end", this.#onEnd);
    this.#stream.on("close", this.#onEnd);
    this.#stream.on("error", this.#onError);
  }

  #stopListening(): void {
    this.#stream.off("readable", this.#onReadable);
    this.#stream.off("end", this.#onEnd);
    this.#stream.off("close", this.#onEnd);
    this.#stream.off("error", this.#onError);
  }

  #onFailure: (() => void) | undefined;

  #take(length: number): Promise<Buffer> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#bytesRead + length > this.#maxBytes) {
      return Promise.reject(
        new LimitError("HANDSHAKE_LIMIT", `handshake longer than ${this.#maxBytes} bytes`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { length, resolve, reject };
      this.#onReadable();
    });
  }

  readonly #onReadable = (): void => {
    const waiter = this.#waiter;
    if (!waiter) return;
    const chunk = this.#stream.read(waiter.length) as Buffer | null;
    if (chunk === null) {
      if (this.#stream.readableEnded || this.#stream.destroyed) this.#onEnd();
      return;
    }
    // A stream that has ended returns its last bytes even if they are fewer than requested.
    if (chunk.length < waiter.length) {
      this.#onEnd();
      return;
    }
    this.#bytesRead += chunk.length;
    this.#waiter = undefined;
    waiter.resolve(chunk);
  };

  readonly #onEnd = (): void => {
    // The error event may still be pending.
    if (this.#stream.errored) this.#onError(this.#stream.errored);
    this.#fail(new PeerClosed("PEER_CLOSED", "the peer closed the connection during the handshake"));
  };

  readonly #onError = (error: Error): void => {
    this.#fail(new PeerClosed("PEER_CLOSED", `connection failed: ${error.message}`, { cause: error }));
  };

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    this.#fail(
      isPosternError(reason)
        ? reason
        : new PeerClosed("ABORTED", "the conversation was given up", { cause: reason }),
    );
  };

  #fail(error: Error): void {
    if (this.#failure || this.#released) return;
    this.#failure = error;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(error);
    this.#onFailure?.();
  }
}
