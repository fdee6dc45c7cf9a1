import type { Duplex } from "node:stream";
import { AuthError, type Clock, PeerClosed } from "../../protocol/index.ts";
import { abortOnDisconnect } from "../listen/abort-on-disconnect.ts";

/** Control connections that may take another one's place only later. Of one agent the newest waits. */
export class WaitingNewcomers {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, (end: Error | null) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Settles after `waitMs`, or as soon as the place is free.
   * @param placeFree settles when the connection that has the place ends
   * @throws AuthError `REPLACED` when a newer one came, PeerClosed when this one left or the server stops
   */
  wait(agentId: string, socket: Duplex, waitMs: number, placeFree: Promise<unknown>): Promise<void> {
    this.#waiting.get(agentId)?.(new AuthError("REPLACED", "the same agent has connected again"));
    const watch = abortOnDisconnect(socket, new AbortController().signal);
    return new Promise((resolve, reject) => {
      const settle = (end: Error | null): void => {
        if (this.#waiting.get(agentId) !== settle) return;
        this.#waiting.delete(agentId);
        cancel();
        watch.stop();
        if (end === null) resolve();
        else reject(end);
      };
      const cancel = this.#clock.after(waitMs, () => {
        settle(null);
      });
      this.#waiting.set(agentId, settle);
      void placeFree.then(() => {
        settle(null);
      });
      const onGone = (): void => {
        settle(new PeerClosed("PEER_CLOSED", "the agent left before it had its place"));
      };
      if (watch.signal.aborted) onGone();
      else watch.signal.addEventListener("abort", onGone);
    });
  }

  /** All that wait are told that the server stops. */
  close(): void {
    for (const settle of [...this.#waiting.values()])
      settle(new PeerClosed("SERVER_STOPPING", "the server is stopping"));
  }
}
