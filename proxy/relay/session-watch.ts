import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { Rights } from "../rights/rights.ts";
import type { RightsChanges } from "../state/rights-records.ts";
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
  readonly rights: Pick<Rights, "of" | "mayUse" | "refresh" | "onChange">;
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
  /** Sessions whose right was compared with what is known of rights. */
  readonly #judged = new Set<string>();
  /** What was changed since the last look. */
  #changes: RightsChanges[] = [];
  readonly #unsubscribe: () => void;

  constructor(dependencies: SessionWatchDependencies) {
    this.#dependencies = dependencies;
    this.#unsubscribe = dependencies.rights.onChange((changes) => this.#changes.push(changes));
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
    this.#unsubscribe();
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
    const { sessions, store, rights, serverId, log } = this.#dependencies;
    if (sessions().length === 0) {
      // Each one that opens is judged once, whatever was changed before.
      this.#changes = [];
      this.#judged.clear();
      return;
    }
    try {
      await rights.refresh();
      const open = new Map(sessions().map((session) => [session.id, session]));
      for (const validity of await store.listValidity(serverId)) {
        const session = open.get(validity.id);
        const cause = session && checkSessionValidity(session.identity, validity);
        if (cause) session.end(cause);
      }
      await this.#judgeRights(open);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) log.error({ event: "session.watch", err: error }, "open sessions cannot be checked");
      this.#failed = true;
    }
  }

  /** Each session once after it has opened, for a change may have come between; and then those whose person's rights were changed. */
  async #judgeRights(open: ReadonlyMap<string, WatchedSession>): Promise<void> {
    const { rights } = this.#dependencies;
    const changes = [...this.#changes];
    for (const id of this.#judged) if (!open.has(id)) this.#judged.delete(id);
    for (const session of open.values()) {
      const { rightOf, desktop, role } = session.identity;
      if (rightOf === null) continue;
      if (this.#judged.has(session.id) && !(await this.#isConcerned(rightOf, changes))) continue;
      if (await rights.mayUse(rightOf, desktop, role)) this.#judged.add(session.id);
      else session.end("RIGHT_ENDED");
    }
    // Only now: a look that failed is made again.
    this.#changes = this.#changes.slice(changes.length);
  }

  async #isConcerned(userId: string, changes: readonly RightsChanges[]): Promise<boolean> {
    if (changes.length === 0) return false;
    if (changes.some(({ everybody, userIds }) => everybody || userIds.has(userId))) return true;
    const groupIds = (await this.#dependencies.rights.of(userId))?.groupIds ?? [];
    return groupIds.some((id) => changes.some((change) => change.groupIds.has(id)));
  }
}
