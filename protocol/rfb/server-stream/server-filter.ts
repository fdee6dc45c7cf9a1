import type { Grammar } from "../../bytes/grammar.ts";
import { readFence } from "../fence.ts";
import { MessageFilter } from "../message-filter.ts";
import type { PixelFormatTracker } from "./pixel-format-tracker.ts";
import { identifyServerMessage } from "./server-message.ts";

const NOTHING = Buffer.alloc(0);

/**
 * A VNC server's byte stream on its way to a viewer that must not receive the desktop's clipboard:
 * ServerCutText is removed and everything else is forwarded unchanged. Rectangles are parsed only for their
 * lengths. It buffers at most one message's head or a few bytes of a rectangle.
 */
export class ServerFilter extends MessageFilter {
  readonly #format: PixelFormatTracker;
  /** The grammar of the current rectangles, and how many bytes it asks for. */
  #update: Grammar<void> | undefined;
  #wanted = 0;
  /** Bytes to skip, and whether they are forwarded. */
  #skip = 0;
  #forwardsSkipped = true;

  /** @param format shared with the filter of the viewer's stream, which reports changes to it */
  constructor(format: PixelFormatTracker, forward: (chunk: Buffer) => void) {
    super(forward);
    this.#format = format;
  }

  protected override step(input: Buffer, at: number): number {
    if (this.#skip > 0) return this.#skipBytes(input, at);
    if (this.#update) return this.#feedUpdate(this.#update, input, at);
    return this.#startMessage(input, at);
  }

  #skipBytes(input: Buffer, at: number): number {
    const length = Math.min(this.#skip, input.length - at);
    this.#skip -= length;
    if (this.#forwardsSkipped) this.extendRun(at);
    else this.endRun(input, at);
    if (this.#skip === 0 && this.#update) this.#advance(this.#update.next(NOTHING));
    return at + length;
  }

  #feedUpdate(update: Grammar<void>, input: Buffer, at: number): number {
    const end = at + this.#wanted;
    if (end > input.length) return at;
    this.extendRun(at);
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
    const action = message.read(input.subarray(at, body));
    if (action.kind === "fence" && input.length < body + action.length) return at;
    switch (action.kind) {
      case "fence":
        return this.#forwardFence(input, at, body + action.length);
      case "drop":
        this.endRun(input, at);
        this.#skip = action.length;
        this.#forwardsSkipped = false;
        return body;
      case "body":
        this.extendRun(at);
        this.#skip = action.length;
        this.#forwardsSkipped = true;
        return body;
      case "update":
        this.extendRun(at);
        this.#update = action.follow(this.#format.current);
        this.#advance(this.#update.next());
        return body;
    }
  }

  #forwardFence(input: Buffer, at: number, end: number): number {
    const instead = this.#format.onServerFence(readFence(input.subarray(at, end)));
    if (instead === undefined) {
      this.extendRun(at);
      return end;
    }
    this.endRun(input, at);
    if (instead) this.forward(instead);
    return end;
  }
}
