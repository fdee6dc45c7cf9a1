import type { Viewer } from "../admit/viewer.ts";
import type { SessionRecord } from "../state/records.ts";
import { Session, type SessionParts } from "./session.ts";
import { SessionWatch } from "./session-watch.ts";

/** All viewers of this server, from their first byte to the end of their session. */
export class SessionRegistry {
  readonly #parts: SessionParts;
  readonly #running = new Map<Session, Promise<void>>();
  readonly #watch: SessionWatch;
  #open = true;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#watch = new SessionWatch({
      ...parts,
      store: parts.stores.sessions,
      sessions: () => [...this.#running.keys()].flatMap((session) => session.watched ?? []),
    });
  }

  receive(viewer: Viewer): void {
    if (!this.#open) {
      viewer.finish(1001, "");
      return;
    }
    const session = new Session(viewer, this.#parts);
    const over = session.run().finally(() => this.#running.delete(session));
    this.#running.set(session, over);
  }

  list(): SessionRecord[] {
    return [...this.#running.keys()].flatMap((session) => session.record ?? []);
  }

  /** Ends those whose right has ended, now and not in a moment. Never rejects. */
  check(): Promise<void> {
    return this.#watch.check();
  }

  /** Ends the sessions that show this agent's desktops. */
  endOfAgent(agentId: string): void {
    for (const session of this.#running.keys()) {
      if (session.record?.agentId === agentId) session.end("DESKTOP_GONE");
    }
  }

  /** Ends all sessions, and waits until that is written down. Idempotent. */
  async close(): Promise<void> {
    this.#open = false;
    this.#watch.close();
    for (const session of this.#running.keys()) session.end("SERVER_STOPPING");
    await Promise.all(this.#running.values());
  }
}
