import { backoffDelay, type BackoffRange } from "../../../protocol/backoff.ts";

/** The upper half of each wait is random, so that pages do not reconnect at the same time. */
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
      /** The server's explanation, if it sent one. */
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
  /** Another desktop: attempts are counted from the start. */
  | { readonly type: "reset" };

export const initialConnectionState: ViewerConnectionState = { phase: "connecting", attempt: 0 };

/** A connection that lasted this long was stable: the next loss counts as the first. */
const STABLE_MS = 10_000;

/** `attempt` counts the attempts since the last stable connection; the first connection is number 0. */
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
      // A desktop that is gone returns only by somebody's action, which the wall reports: frequent retries
      // are useless.
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
