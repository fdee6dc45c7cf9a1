import { AGENT_LIMITS } from "./agent-limits.ts";
import { reconnectDelay, type ReconnectRequest } from "./reconnect-delay.ts";

/** The states of the control connection. `server` is an index into the configured servers. */
export type ControlState =
  | { readonly kind: "idle" }
  | { readonly kind: "dialing"; readonly server: number; readonly failures: number }
  | { readonly kind: "proving"; readonly server: number; readonly failures: number }
  | { readonly kind: "ready"; readonly server: number; readonly failures: number; readonly since: number }
  | { readonly kind: "waiting"; readonly server: number; readonly failures: number; readonly delayMs: number }
  | { readonly kind: "closed"; readonly cause: Error | null };

export type ControlEvent =
  | { readonly kind: "start" }
  | { readonly kind: "connected" }
  /** `at`: monotonic milliseconds. */
  | { readonly kind: "welcomed"; readonly at: number }
  | Loss
  /** Dial the same server again at once, with another proof. */
  | { readonly kind: "again" }
  | { readonly kind: "waited" }
  /** `cause` null: the agent's owner closes it. */
  | { readonly kind: "stop"; readonly cause: Error | null };

export interface Loss extends ReconnectRequest {
  readonly kind: "lost";
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** Pure. An event that does not apply to a state leaves it unchanged. */
export function transition(state: ControlState, event: ControlEvent, servers: number): ControlState {
  if (state.kind === "closed") return state;
  switch (event.kind) {
    case "start":
      return state.kind === "idle" ? { kind: "dialing", server: 0, failures: 0 } : state;
    case "connected":
      return state.kind === "dialing" ? { ...state, kind: "proving" } : state;
    case "welcomed":
      return state.kind === "proving" ? { ...state, kind: "ready", since: event.at } : state;
    case "lost":
      return lose(state, event, servers);
    case "again":
      return state.kind === "proving"
        ? { kind: "dialing", server: state.server, failures: state.failures }
        : state;
    case "waited":
      return state.kind === "waiting"
        ? { kind: "dialing", server: state.server, failures: state.failures }
        : state;
    case "stop":
      return { kind: "closed", cause: event.cause };
  }
}

function lose(state: ControlState, event: Loss, servers: number): ControlState {
  if (state.kind !== "dialing" && state.kind !== "proving" && state.kind !== "ready") return state;
  const stable =
    state.kind === "ready" && event.pace === "normal" && event.at - state.since >= AGENT_LIMITS.stableMs;
  const failures = stable ? 1 : state.failures + 1;
  const delayMs = reconnectDelay(event, Math.ceil(failures / servers));
  return { kind: "waiting", server: (state.server + 1) % servers, failures, delayMs };
}
