import type { Readable } from "node:stream";
import type { Clock } from "../../../protocol/index.ts";
import type { Rights, RightsChanges } from "../../../proxy/index.ts";
import { refuse } from "../http-errors.ts";
import type { Caller } from "../guard/caller.ts";
import type { Logins } from "../sign-in/logins.ts";
import { EventStream } from "./event-stream.ts";
import type { LiveUpdates } from "./live-updates.ts";

/** Pages that one person may have open at once. */
const MAX_STREAMS = 32;

/** Logins are compared with the state so often, as those of sessions are: what ends one ends its streams within 5 s. */
const CHECK_MS = 2_000;

interface EventStreamContext {
  readonly live: LiveUpdates;
  readonly logins: Pick<Logins, "filterOpen">;
  readonly rights: Rights;
  readonly clock: Clock;
}

/**
 * The open event streams; each ends with its login or API token, and when the person's rights change: its page comes back and
 * fetches what it may see. While the state cannot be read they stay open.
 */
export class EventStreamRegistry {
  readonly #open = new Map<EventStream, Caller>();
  readonly #live: LiveUpdates;
  readonly #logins: Pick<Logins, "filterOpen">;
  readonly #rights: Rights;
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;

  #cancelCheck: (() => void) | null = null;
  #closed = false;

  constructor({ live, logins, rights, clock }: EventStreamContext) {
    this.#live = live;
    this.#logins = logins;
    this.#rights = rights;
    this.#clock = clock;
    this.#unsubscribe = rights.onChange((changes) => {
      void this.#endChanged(changes);
    });
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
    this.#unsubscribe();
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

  async #endChanged({ everybody, userIds, groupIds }: RightsChanges): Promise<void> {
    for (const [stream, { userId }] of [...this.#open]) {
      if (!everybody && !userIds.has(userId)) {
        if (groupIds.size === 0) continue;
        // Who cannot be read gets a new stream when they can.
        const person = await this.#rights.of(userId).catch(() => null);
        if (person?.groupIds.some((id) => groupIds.has(id)) === false) continue;
      }
      stream.end();
    }
  }

  /** The next one is planned when this one has its answer. */
  async #check(): Promise<void> {
    const hashes = new Set([...this.#open.values()].flatMap(({ loginHash }) => loginHash ?? []));
    try {
      await this.#rights.refresh();
      const valid = await this.#logins.filterOpen([...hashes]);
      for (const hash of hashes) if (!valid.has(hash)) this.endLogin(hash);
    } catch {
      // The sessions' watch logs it.
    }
    this.#cancelCheck = null;
    this.#planCheck();
  }
}
