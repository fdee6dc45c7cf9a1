import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import { PeerLog } from "../model/peer-log.ts";
import type { SessionRecord } from "../state/state-records.ts";
import { ViewerSession, type ViewerSessionDependencies } from "./viewer-session.ts";
import { SessionWatch } from "./session-watch.ts";

/** All viewers of this server, from their first byte to the end of their session. */
export class ViewerSessionRegistry {
  readonly #dependencies: ViewerSessionDependencies;
  readonly #running = new Map<ViewerSession, Promise<void>>();
  readonly #watch: SessionWatch;
  #open = true;

  constructor(dependencies: Omit<ViewerSessionDependencies, "peerLog">) {
    this.#dependencies = { ...dependencies, peerLog: new PeerLog(dependencies.log, dependencies.clock) };
    this.#watch = new SessionWatch({
      ...dependencies,
      store: dependencies.stores.sessions,
      sessions: () => [...this.#running.keys()].flatMap((session) => session.watched ?? []),
    });
  }

  accept(viewer: AcceptedViewer): void {
    if (!this.#open) {
      viewer.finish(1001, "");
      return;
    }
    const session = new ViewerSession(viewer, this.#dependencies);
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
  endByAgent(agentId: string): void {
    for (const session of this.#running.keys()) {
      if (session.record?.agentId === agentId) session.end("DESKTOP_GONE");
    }
  }

  /** Ends the sessions of an agent that has gone silent: whether they still work cannot be known. */
  endBySilentAgent(agentId: string): void {
    for (const session of this.#running.keys()) {
      if (session.record?.agentId === agentId) session.end("HOST_TIMEOUT");
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
