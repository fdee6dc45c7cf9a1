import { Readable } from "node:stream";
import type { Clock } from "../../../protocol/index.ts";
import type { LiveEvent } from "../../api/schemas.ts";

const HEARTBEAT_MS = 2_000;
/** A page that falls behind by more is disconnected; it reconnects and fetches the lists. */
const MAX_UNREAD_BYTES = 256 * 1024;

export interface EventStreamOptions {
  readonly clock: Clock;
  /** Called once, when the stream has ended for any reason. */
  readonly onEnd: () => void;
}

/** One page's stream of live events, in the form of text/event-stream. */
export class EventStream {
  readonly readable: Readable;
  readonly #options: EventStreamOptions;
  #cancelHeartbeat: () => void;
  #ended = false;

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
      this.send({ type: "beat" });
      if (!this.#ended) this.#cancelHeartbeat = this.#planHeartbeat();
    });
  }
}
