import { backoffDelay, type BackoffRange } from "../../../protocol/backoff.ts";

/** The upper half of each wait is random, so that pages do not reconnect at the same time. */
const BACKOFF: BackoffRange = { firstMs: 600, maxMs: 15_000 };
/** While nobody answers, an attempt is how the page learns that the line is back. */
const LINE_BACKOFF: BackoffRange = { firstMs: 600, maxMs: 800 };
/** A line that is away for longer than these attempts take is not expected back every second. */
const LINE_ATTEMPTS = 25;
/** An attempt over a line that was lost just now hangs if it is still lost: the next one is faster than TCP's patience. */
const LINE_ANSWER_MS = 2_500;
/** TCP, TLS and a request take three trips there and back, of which the first may be lost. */
const LINE_TRIPS = 5;
const FIRST_ANSWER_MS = 20_000;

/** Why there is no picture. */
export type DisconnectCause =
  | "lost"
  | "unreachable"
  | "noDesktop"
  | "hostAway"
  | "hostSilent"
  | "serverTrouble"
  | "sessionEnded"
  | "refused"
  | "gone";

/** Who does not answer on a line that is still open. */
export type Silence = "server" | "desktop";

/** Why the attempt before failed. */
interface Failure {
  readonly cause: DisconnectCause;
  /** The server's explanation, if it sent one. */
  readonly detail: string | null;
}

export type ViewerConnectionState =
  /** `failure` is what the person reads until the attempt has an outcome. */
  | { readonly phase: "connecting"; readonly attempt: number; readonly failure: Failure | null }
  | {
      readonly phase: "open";
      readonly attempt: number;
      readonly since: number;
      /** Null: the picture is current. */
      readonly silence: Silence | null;
    }
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly failure: Failure;
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
  | { readonly type: "silence"; readonly silence: Silence | null }
  | { readonly type: "retry" }
  /** Another desktop: attempts are counted from the start. */
  | { readonly type: "reset" };

export const initialConnectionState: ViewerConnectionState = {
  phase: "connecting",
  attempt: 0,
  failure: null,
};

/** A connection that lasted this long was stable: the next loss counts as the first. */
const STABLE_MS = 10_000;

/**
 * How long an attempt waits for the first answer of the server.
 * @param latencyMs of the line before it was lost
 */
export function findAnswerPatience(
  { attempt }: Pick<ViewerConnectionState, "attempt">,
  latencyMs: number,
): number {
  if (attempt === 0 || attempt > LINE_ATTEMPTS) return FIRST_ANSWER_MS;
  return Math.min(FIRST_ANSWER_MS, LINE_ANSWER_MS + LINE_TRIPS * latencyMs);
}

function chooseBackoff(cause: DisconnectCause, attempt: number): [BackoffRange, failures: number] {
  if (cause !== "lost" && cause !== "unreachable") return [BACKOFF, attempt];
  return attempt <= LINE_ATTEMPTS ? [LINE_BACKOFF, attempt] : [BACKOFF, attempt - LINE_ATTEMPTS];
}

/** `attempt` counts the attempts since the last stable connection; the first connection is number 0. */
export function reduceConnection(
  connection: ViewerConnectionState,
  event: ViewerConnectionEvent,
): ViewerConnectionState {
  switch (event.type) {
    case "opened":
      return connection.phase === "connecting"
        ? { phase: "open", attempt: connection.attempt, since: event.now, silence: null }
        : connection;
    case "silence":
      return connection.phase === "open" ? { ...connection, silence: event.silence } : connection;
    case "closed": {
      if (connection.phase === "waiting") return connection;
      const steady = connection.phase === "open" && event.now - connection.since >= STABLE_MS;
      const attempt = steady ? 1 : connection.attempt + 1;
      // A desktop that is gone returns only by a person's action, which the wall reports: frequent retries
      // are useless.
      const [range, failures] = chooseBackoff(event.cause, attempt);
      const wait =
        event.cause === "gone"
          ? BACKOFF.maxMs
          : Math.round(backoffDelay(range, { failures, random: event.random, jitter: "half" }));
      const retryAt = event.now + wait;
      const failure = { cause: event.cause, detail: event.detail };
      return { phase: "waiting", attempt, retryAt, failure };
    }
    case "retry":
      return connection.phase === "waiting"
        ? { phase: "connecting", attempt: connection.attempt, failure: connection.failure }
        : connection;
    case "reset":
      return initialConnectionState;
  }
}
