import type { Viewer } from "../admit/viewer.ts";
import type { SessionRecord } from "../state/records.ts";
import { Session, type SessionParts } from "./session.ts";

/** All viewers of this server, from their first byte to the end of their session. */
export class SessionRegistry {
  readonly #parts: SessionParts;
  readonly #running = new Map<Session, Promise<void>>();
  #open = true;

  constructor(parts: SessionParts) {
    this.#parts = parts;
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

  /** Ends the sessions that show this agent's desktops. */
  endOfAgent(agentId: string): void {
    for (const session of this.#running.keys()) {
      if (session.record?.agentId === agentId) session.end("DESKTOP_GONE");
    }
  }

  /** Ends all sessions, and waits until that is written down. Idempotent. */
  async close(): Promise<void> {
    this.#open = false;
    for (const session of this.#running.keys()) session.end("SERVER_STOPPING");
    await Promise.all(this.#running.values());
  }
}
