import { Readable } from "node:stream";
import { describeError, type Clock } from "../../../protocol/index.ts";
import type { LiveEvent } from "../../api/schemas.ts";

const HEARTBEAT_MS = 2_000;
/** Heartbeats between two looks whether the stream is still allowed. */
const BEATS_PER_CHECK = 10;
/** A page that falls behind by more is disconnected; it reconnects and fetches the lists. */
const MAX_UNREAD_BYTES = 256 * 1024;

export interface EventStreamOptions {
  readonly clock: Clock;
  /** Checked every 20 s; false ends the stream. */
  readonly isAllowed: () => Promise<boolean>;
  /** Called once, when the stream has ended for any reason. */
  readonly onEnd: () => void;
}

/** One page's stream of live events, in the form of text/event-stream. */
export class EventStream {
  readonly readable: Readable;
  readonly #options: EventStreamOptions;
  #cancelHeartbeat: () => void;
  #ended = false;
  #beats = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.readable = new Readable({ read: () => undefined });
    this.readable.once("close", () => {
      this.#ended = true;
      this.#cancelHeartbeat();
      options.onEnd();
    });
    this.readable.on("error", () => undefined);
    this.#cancelHeartbeat = this.#planHeartbeat();
  }

  send(event: LiveEvent): void {
    this.#write(`data: ${JSON.stringify(event)}\n\n`);
  }

  /** Ends the stream; what is buffered still goes out. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.readable.push(null);
  }

  #write(text: string): void {
    if (this.#ended) return;
    if (this.readable.readableLength > MAX_UNREAD_BYTES) this.readable.destroy();
    else this.readable.push(text);
  }

  #planHeartbeat(): () => void {
    return this.#options.clock.after(HEARTBEAT_MS, () => {
      void this.#beat();
    });
  }

  async #beat(): Promise<void> {
    this.#beats += 1;
    if (this.#beats % BEATS_PER_CHECK === 0) {
      const allowed = await this.#options.isAllowed().catch((error: unknown) => describeError(error));
      if (allowed === false) {
        this.end();
        return;
      }
    }
    this.send({ type: "beat" });
    if (!this.#ended) this.#cancelHeartbeat = this.#planHeartbeat();
  }
}
