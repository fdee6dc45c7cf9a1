import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { Grammar } from "./grammar.ts";

/**
 * Why a channel ended by itself: the peer closed it, the connection failed, nothing was received for too long, or the peer
 * does not read what is sent.
 */
export type FrameChannelEnd = "closed" | "failed" | "silent" | "unread";

/** The time that the channels of one process may use in one turn of the event loop. */
export interface FramePace {
  /** Whether this turn's time is used up. */
  isSpent(): boolean;
  /** Runs `next` in a later turn. */
  later(next: () => void): void;
}

export interface FrameChannelOptions<T> {
  /** Makes the grammar of one frame; called for each. */
  readonly grammar: () => Grammar<T>;
  /**
   * What it throws ends the channel with that error. A promise is work in progress: it must settle without a further frame
   * of this channel.
   */
  onFrame(frame: T): void | Promise<void>;
  /** How much of the peer's frames is worked on at a time; null: no limit. */
  readonly backpressure: {
    /** With so many frames in progress nothing more is read. */
    readonly inProgress: number;
    readonly pace: FramePace;
  } | null;
  /** Called once, at the end, with its cause. */
  onEnd(cause: Error): void;
  /** The error for an end; `cause` is that of a failed connection. */
  describeEnd(end: FrameChannelEnd, cause?: Error): Error;
  /** The channel ends when more bytes than this wait to be sent. */
  readonly unsentBytes: number;
  /** Null: the protocol has no pings, and silence is allowed. */
  readonly liveness: {
    readonly clock: Clock;
    /** A ping is sent this often, in milliseconds. */
    readonly pingMs: number;
    /** The channel ends after this time without a received byte. */
    readonly silenceMs: number;
    readonly ping: Buffer;
  } | null;
}

/**
 * Frames over one byte stream: decoding, backpressure, pings, the limit of silence and of unsent bytes, and one end. It owns
 * the socket.
 */
export class FrameChannel<T> {
  readonly #socket: Duplex;
  readonly #options: FrameChannelOptions<T>;
  readonly #decoder: FrameDecoder<T>;
  #lastReceivedAt = 0;
  #cancelPing: () => void = () => undefined;
  #cancelSilence: () => void = () => undefined;
  #readSince = -Infinity;
  #inProgress = 0;
  #resuming = false;
  #ended = false;

  /** Errors and the end of the socket are handled from now on; it is read after {@link start}. */
  constructor(socket: Duplex, options: FrameChannelOptions<T>) {
    this.#socket = socket;
    this.#options = options;
    this.#decoder = new FrameDecoder(options.grammar, (frame) => {
      if (!this.#ended) this.#deliver(frame);
    });
    socket.on("error", (error: Error) => {
      this.destroy(options.describeEnd("failed", error));
    });
    socket.on("end", this.#onClosed);
    socket.on("close", this.#onClosed);
  }

  /** Frames are read since then (monotonic): since the latest pause for backpressure; in a pause, now. */
  get readSince(): number {
    const now = this.#options.liveness?.clock.monotonic();
    return this.#decoder.paused && now !== undefined ? now : this.#readSince;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Begins to read and to send pings. Ends at once if the socket is closed already. */
  start(): void {
    if (this.#ended) return;
    if (this.#socket.destroyed || this.#socket.readableEnded) {
      this.#onClosed();
      return;
    }
    const { liveness } = this.#options;
    if (liveness) {
      this.#lastReceivedAt = liveness.clock.monotonic();
      this.#watchSilence(liveness);
      this.#schedulePing(liveness);
    }
    this.#socket.on("data", this.#onData);
    this.#socket.resume();
  }

  /** Sends a frame. After the end it does nothing. */
  send(frame: Buffer): void {
    if (this.#ended) return;
    this.#socket.write(frame);
    if (this.#socket.writableLength > this.#options.unsentBytes)
      this.destroy(this.#options.describeEnd("unread"));
  }

  /** Ends the channel and leaves the socket open, for a last frame or an orderly close. Idempotent. */
  end(cause: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelPing();
    this.#cancelSilence();
    this.#socket.off("data", this.#onData);
    if (this.#decoder.paused) this.#socket.resume();
    this.#options.onEnd(cause);
  }

  /** Ends the channel and closes the socket at once. Idempotent. */
  destroy(cause: Error): void {
    this.end(cause);
    this.#socket.destroy();
  }

  readonly #onClosed = (): void => {
    this.destroy(this.#options.describeEnd("closed"));
  };

  readonly #onData = (chunk: Buffer): void => {
    const { liveness } = this.#options;
    if (liveness) this.#lastReceivedAt = liveness.clock.monotonic();
    this.#decode(() => {
      this.#decoder.push(chunk);
    });
  };

  #decode(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #deliver(frame: T): void {
    const work = this.#options.onFrame(frame);
    const { backpressure } = this.#options;
    if (!backpressure) return;
    if (work) {
      this.#inProgress += 1;
      const settle = (): void => {
        this.#inProgress -= 1;
        if (this.#decoder.paused) this.#resumeLater(backpressure.pace);
      };
      work.then(settle, settle);
    }
    if (this.#inProgress >= backpressure.inProgress) this.#pause();
    else if (backpressure.pace.isSpent()) {
      this.#pause();
      this.#resumeLater(backpressure.pace);
    }
  }

  #pause(): void {
    this.#decoder.pause();
    this.#socket.pause();
  }

  /** Once for each pause. The time of a pause is not the peer's silence. */
  #resumeLater(pace: FramePace): void {
    if (this.#resuming) return;
    this.#resuming = true;
    pace.later(() => {
      this.#resuming = false;
      const { backpressure, liveness } = this.#options;
      if (this.#ended || this.#inProgress >= (backpressure?.inProgress ?? Infinity)) return;
      if (liveness) this.#readSince = this.#lastReceivedAt = liveness.clock.monotonic();
      this.#decode(() => {
        this.#decoder.resume();
      });
      if (!this.#ended && !this.#decoder.paused) this.#socket.resume();
    });
  }

  #schedulePing(liveness: NonNullable<FrameChannelOptions<T>["liveness"]>): void {
    this.#cancelPing = liveness.clock.after(liveness.pingMs, () => {
      this.send(liveness.ping);
      if (!this.#ended) this.#schedulePing(liveness);
    });
  }

  /** One timer for a whole period, not one for each chunk: it is set again for what is left when bytes came meanwhile. */
  #watchSilence(liveness: NonNullable<FrameChannelOptions<T>["liveness"]>): void {
    // Nothing is read during a pause, so it says nothing about the peer.
    if (this.#decoder.paused) this.#lastReceivedAt = liveness.clock.monotonic();
    const silentMs = liveness.clock.monotonic() - this.#lastReceivedAt;
    if (silentMs >= liveness.silenceMs) {
      this.destroy(this.#options.describeEnd("silent"));
      return;
    }
    this.#cancelSilence = liveness.clock.after(liveness.silenceMs - silentMs, () => {
      this.#watchSilence(liveness);
    });
  }
}
