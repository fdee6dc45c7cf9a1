import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { RefusalCode } from "../model/viewer-refusal.ts";
import type { SessionStore } from "../state/stores.ts";
import { checkSessionValidity } from "./session-validity.ts";

/** An open session, as the watch sees it. */
export interface WatchedSession {
  readonly id: string;
  readonly identity: ViewerIdentity;
  end(cause: RefusalCode): void;
}

interface SessionWatchDependencies {
  readonly sessions: () => readonly WatchedSession[];
  readonly store: Pick<SessionStore, "listValidity">;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Ends sessions whose right has ended, wherever that was decided: looks at all of them every few seconds, with one query,
 * and at once when asked to. While the state cannot be read they stay open, except those that expire.
 */
export class SessionWatch {
  readonly #dependencies: SessionWatchDependencies;
  #checking: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #cancel: () => void = () => undefined;
  #closed = false;
  #failed = false;

  constructor(dependencies: SessionWatchDependencies) {
    this.#dependencies = dependencies;
    this.#schedule();
  }

  /** Looks now; what was decided before this call takes effect before it settles. Never rejects. */
  check(): Promise<void> {
    this.#next ??= this.#checking.then(() => {
      this.#next = null;
      this.#checking = this.#check();
      return this.#checking;
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
    this.#cancel = this.#dependencies.clock.after(PROXY_LIMITS.sessionCheckMs, () => {
      this.#endExpired();
      void this.check();
      this.#schedule();
    });
  }

  /** By the time that was left when the session opened: the wall clock may be set while it runs. */
  #endExpired(): void {
    const now = this.#dependencies.clock.monotonic();
    for (const session of this.#dependencies.sessions()) {
      const { endsAt, method } = session.identity;
      if (endsAt !== null && endsAt <= now) session.end(method === "token" ? "TOKEN_EXPIRED" : "LOGIN_ENDED");
    }
  }

  async #check(): Promise<void> {
    const { sessions, store, serverId, log } = this.#dependencies;
    const open = new Map(sessions().map((session) => [session.id, session]));
    if (open.size === 0) return;
    try {
      for (const validity of await store.listValidity(serverId)) {
        const session = open.get(validity.id);
        const cause = session && checkSessionValidity(session.identity, validity);
        if (cause) session.end(cause);
      }
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) log.error({ event: "session.watch", err: error }, "open sessions cannot be checked");
      this.#failed = true;
    }
  }
}
