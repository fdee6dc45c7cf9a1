import type { Readable } from "node:stream";
import type { Clock } from "../../../protocol/index.ts";
import { refuse } from "../http-errors.ts";
import type { Caller } from "../guard/caller.ts";
import type { Logins } from "../sign-in/logins.ts";
import { EventStream } from "./event-stream.ts";
import type { LiveUpdates } from "./live-updates.ts";

/** Pages that one person may have open at once. */
const MAX_STREAMS = 32;

/** The open event streams; each ends with its login. */
export class EventStreamRegistry {
  readonly #open = new Map<EventStream, Caller>();
  readonly #live: LiveUpdates;
  readonly #logins: Logins;
  readonly #clock: Clock;

  constructor(live: LiveUpdates, logins: Logins, clock: Clock) {
    this.#live = live;
    this.#logins = logins;
    this.#clock = clock;
  }

  /** @throws RequestError `STREAM_LIMIT` */
  open(caller: Caller): Readable {
    const own = [...this.#open.values()].filter((other) => other.userId === caller.userId);
    if (own.length >= MAX_STREAMS) throw refuse("STREAM_LIMIT");
    let unwatch = (): void => undefined;
    const { loginHash } = caller;
    const stream = new EventStream({
      clock: this.#clock,
      isAllowed: async () => loginHash === null || (await this.#logins.isOpen(loginHash)),
      onEnd: () => {
        unwatch();
        this.#open.delete(stream);
      },
    });
    this.#open.set(stream, caller);
    unwatch = this.#live.subscribe({
      caller,
      send: (event) => {
        stream.send(event);
      },
    });
    return stream.readable;
  }

  endLogin(loginHash: string): void {
    for (const [stream, caller] of this.#open) if (caller.loginHash === loginHash) stream.end();
  }

  close(): void {
    for (const stream of this.#open.keys()) stream.end();
  }
}
