import { backoffDelay, type BackoffRange } from "../../../protocol/backoff.ts";

/** The upper half of each wait is random, so that pages do not return in step. */
const BACKOFF: BackoffRange = { firstMs: 600, maxMs: 15_000 };

/** Why there is no picture. */
export type DisconnectCause = "lost" | "unreachable" | "noDesktop" | "hostAway" | "refused" | "gone";

export type ViewerConnectionState =
  | { readonly phase: "connecting"; readonly attempt: number }
  | { readonly phase: "open"; readonly attempt: number; readonly since: number }
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly cause: DisconnectCause;
      /** What the server said, if it said anything. */
      readonly detail: string | null;
    };

export type ViewerConnectionEvent =
  | { readonly type: "opened"; readonly now: number }
  | {
      readonly type: "closed";
      readonly now: number;
      readonly random: number;
      readonly cause: DisconnectCause;
      readonly detail: string | null;
    }
  | { readonly type: "retry" }
  /** Another desktop: counted from the start. */
  | { readonly type: "reset" };

export const initialConnectionState: ViewerConnectionState = { phase: "connecting", attempt: 0 };

/** A connection that held this long proves the way is good: the next loss counts as the first. */
const STABLE_MS = 10_000;

/** `attempt` counts the tries since the last steady connection; the first connection is number 0. */
export function reduceConnection(
  connection: ViewerConnectionState,
  event: ViewerConnectionEvent,
): ViewerConnectionState {
  switch (event.type) {
    case "opened":
      return connection.phase === "connecting"
        ? { phase: "open", attempt: connection.attempt, since: event.now }
        : connection;
    case "closed": {
      if (connection.phase === "waiting") return connection;
      const steady = connection.phase === "open" && event.now - connection.since >= STABLE_MS;
      const attempt = steady ? 1 : connection.attempt + 1;
      // What is gone comes back by somebody's deed, of which the wall tells: asking often helps nobody.
      const wait =
        event.cause === "gone"
          ? BACKOFF.maxMs
          : Math.round(backoffDelay(BACKOFF, { failures: attempt, random: event.random, jitter: "half" }));
      const retryAt = event.now + wait;
      return { phase: "waiting", attempt, retryAt, cause: event.cause, detail: event.detail };
    }
    case "retry":
      return connection.phase === "waiting"
        ? { phase: "connecting", attempt: connection.attempt }
        : connection;
    case "reset":
      return initialConnectionState;
  }
}
