import type { Grammar } from "../../bytes/grammar.ts";
import { PosternError } from "../../errors.ts";
import { readFence } from "../fence.ts";
import type { PixelFormatTracker } from "./pixel-format-tracker.ts";
import { identifyServerMessage } from "./server-message.ts";

/** No `from`: nothing is waiting to be forwarded. */
const NO_RUN = -1;
const NOTHING = Buffer.alloc(0);

/**
 * A VNC server's byte stream on its way to a viewer that must not have the desktop's clipboard: ServerCutText is left out
 * and everything else goes on byte for byte, as views of the chunks that brought it. Rectangles are followed by their
 * lengths alone; at most one message's head or a few bytes of a rectangle are held.
 */
export class ServerFilter {
  readonly #format: PixelFormatTracker;
  readonly #forward: (chunk: Buffer) => void;
  #held: Buffer | undefined;
  /** The rectangles under way, and how many bytes they want to see. */
  #update: Grammar<void> | undefined;
  #wanted = 0;
  /** Bytes that nobody looks at, and whether they go on. */
  #skip = 0;
  #forwardsSkipped = true;
  #run = NO_RUN;
  #refusal: PosternError | undefined;

  /** @param format shared with the filter of the viewer's stream, which tells it of changes */
  constructor(format: PixelFormatTracker, forward: (chunk: Buffer) => void) {
    this.#format = format;
    this.#forward = forward;
  }

  /**
   * What precedes a refused message has been forwarded when this throws; from then on nothing passes.
   * @throws ProtocolError `RFB_SERVER_STREAM`, LimitError `LENGTH_LIMIT`
   */
  push(chunk: Buffer): void {
    if (this.#refusal) throw this.#refusal;
    const input = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    let at = 0;
    try {
      while (at < input.length) {
        const next = this.#step(input, at);
        if (next === at) break;
        at = next;
      }
    } catch (error) {
      if (error instanceof PosternError) this.#refusal = error;
      throw error;
    } finally {
      this.#endRun(input, at);
    }
    // A copy: a few bytes must not keep a whole chunk alive.
    if (at < input.length) this.#held = Buffer.from(input.subarray(at));
  }

  /** @returns how far it came; `at` itself when more bytes are needed first */
  #step(input: Buffer, at: number): number {
    if (this.#skip > 0) return this.#skipBytes(input, at);
    if (this.#update) return this.#feedUpdate(this.#update, input, at);
    return this.#startMessage(input, at);
  }

  #skipBytes(input: Buffer, at: number): number {
    const length = Math.min(this.#skip, input.length - at);
    this.#skip -= length;
    if (this.#forwardsSkipped) this.#extendRun(at);
    else this.#endRun(input, at);
    if (this.#skip === 0 && this.#update) this.#advance(this.#update.next(NOTHING));
    return at + length;
  }

  #feedUpdate(update: Grammar<void>, input: Buffer, at: number): number {
    const end = at + this.#wanted;
    if (end > input.length) return at;
    this.#extendRun(at);
    this.#advance(update.next(input.subarray(at, end)));
    return end;
  }

  #advance(step: IteratorResult<number, void>): void {
    if (step.done) {
      this.#update = undefined;
    } else if (step.value < 0) {
      this.#skip = -step.value;
      this.#forwardsSkipped = true;
    } else {
      this.#wanted = step.value;
    }
  }

  #startMessage(input: Buffer, at: number): number {
    const message = identifyServerMessage(input, at);
    const body = at + (message?.headBytes ?? 0);
    if (!message || input.length < body) return at;
    const course = message.read(input.subarray(at, body));
    switch (course.kind) {
      case "fence":
        return this.#forwardFence(input, at, body + course.length);
      case "drop":
        this.#endRun(input, at);
        this.#skip = course.length;
        this.#forwardsSkipped = false;
        return body;
      case "body":
        this.#extendRun(at);
        this.#skip = course.length;
        this.#forwardsSkipped = true;
        return body;
      case "update":
        this.#extendRun(at);
        this.#update = course.follow(this.#format.current);
        this.#advance(this.#update.next());
        return body;
    }
  }

  #forwardFence(input: Buffer, at: number, end: number): number {
    if (input.length < end) return at;
    const instead = this.#format.onServerFence(readFence(input.subarray(at, end)));
    if (instead === undefined) {
      this.#extendRun(at);
      return end;
    }
    this.#endRun(input, at);
    if (instead) this.#forward(instead);
    return end;
  }

  #extendRun(at: number): void {
    if (this.#run === NO_RUN) this.#run = at;
  }

  #endRun(input: Buffer, end: number): void {
    const start = this.#run;
    this.#run = NO_RUN;
    if (start !== NO_RUN && start < end) this.#forward(input.subarray(start, end));
  }
}
