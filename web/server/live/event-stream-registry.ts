import type { Readable } from "node:stream";
import type { Clock } from "../../../protocol/index.ts";
import { refuse } from "../http-errors.ts";
import type { Caller } from "../guard/caller.ts";
import type { Logins } from "../sign-in/logins.ts";
import { EventStream } from "./event-stream.ts";
import type { LiveUpdates } from "./live-updates.ts";

/** Pages that one person may have open at once. */
const MAX_STREAMS = 32;

/** Logins are compared with the state so often, as those of sessions are: what ends one ends its streams within 5 s. */
const CHECK_MS = 2_000;

/** The open event streams; each ends with its login or API token. While the state cannot be read they stay open. */
export class EventStreamRegistry {
  readonly #open = new Map<EventStream, Caller>();
  readonly #live: LiveUpdates;
  readonly #logins: Pick<Logins, "filterOpen">;
  readonly #clock: Clock;

  #cancelCheck: (() => void) | null = null;
  #closed = false;

  constructor(live: LiveUpdates, logins: Pick<Logins, "filterOpen">, clock: Clock) {
    this.#live = live;
    this.#logins = logins;
    this.#clock = clock;
  }

  /** @throws RequestError `STREAM_LIMIT` */
  open(caller: Caller): Readable {
    const own = [...this.#open.values()].filter((other) => other.userId === caller.userId);
    if (own.length >= MAX_STREAMS) throw refuse("STREAM_LIMIT");
    let unwatch = (): void => undefined;
    const stream = new EventStream({
      clock: this.#clock,
      onEnd: () => {
        unwatch();
        this.#open.delete(stream);
        if (this.#open.size === 0) this.#stopChecking();
      },
    });
    this.#open.set(stream, caller);
    this.#planCheck();
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
    this.#closed = true;
    this.#stopChecking();
    for (const stream of this.#open.keys()) stream.end();
  }

  #planCheck(): void {
    if (this.#closed || this.#open.size === 0) return;
    this.#cancelCheck ??= this.#clock.after(CHECK_MS, () => {
      void this.#check();
    });
  }

  #stopChecking(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = null;
  }

  /** The next one is planned when this one has its answer. */
  async #check(): Promise<void> {
    const hashes = new Set([...this.#open.values()].flatMap(({ loginHash }) => loginHash ?? []));
    try {
      const valid = await this.#logins.filterOpen([...hashes]);
      for (const hash of hashes) if (!valid.has(hash)) this.endLogin(hash);
    } catch {
      // The sessions' watch logs it.
    }
    this.#cancelCheck = null;
    this.#planCheck();
  }
}
