import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Identity } from "../identify/identity.ts";
import type { RefusalCode } from "../refusals.ts";
import type { SessionStore } from "../state/stores.ts";
import { judgeStanding } from "./judge-standing.ts";

/** An open session, as far as its right to go on is concerned. */
export interface WatchedSession {
  readonly id: string;
  readonly identity: Identity;
  end(cause: RefusalCode): void;
}

interface WatchParts {
  readonly sessions: () => readonly WatchedSession[];
  readonly store: Pick<SessionStore, "listStandings">;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Ends sessions whose right has ended, wherever that was decided: looks at all of them every few seconds, with one query,
 * and at once when asked to. While the state cannot be read they go on, but for those that expire.
 */
export class SessionWatch {
  readonly #parts: WatchParts;
  #looking: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #cancel: () => void = () => undefined;
  #closed = false;
  #blind = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#schedule();
  }

  /** Looks now; what was decided before this call takes effect before it settles. Never rejects. */
  check(): Promise<void> {
    this.#next ??= this.#looking.then(() => {
      this.#next = null;
      this.#looking = this.#look();
      return this.#looking;
    });
    return this.#next;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.after(LIMITS.sessionCheckMs, () => {
      this.#endExpired();
      void this.check();
      this.#schedule();
    });
  }

  /** By the time that was left when the session opened: the wall clock may be set while it runs. */
  #endExpired(): void {
    const now = this.#parts.clock.monotonic();
    for (const session of this.#parts.sessions()) {
      const { endsAt, method } = session.identity;
      if (endsAt !== null && endsAt <= now) session.end(method === "token" ? "TOKEN_EXPIRED" : "LOGIN_ENDED");
    }
  }

  async #look(): Promise<void> {
    const { sessions, store, serverId, log } = this.#parts;
    const open = new Map(sessions().map((session) => [session.id, session]));
    if (open.size === 0) return;
    try {
      for (const standing of await store.listStandings(serverId)) {
        const session = open.get(standing.id);
        const cause = session && judgeStanding(session.identity, standing);
        if (cause) session.end(cause);
      }
      this.#blind = false;
    } catch (error) {
      if (!this.#blind) log.error({ event: "session.watch", err: error }, "open sessions cannot be checked");
      this.#blind = true;
    }
  }
}
