import type { EndCause } from "./end-cause.ts";

export type SessionState =
  | { readonly phase: "accepted" }
  | { readonly phase: "identified" }
  | { readonly phase: "paired" }
  | { readonly phase: "relaying" }
  | { readonly phase: "closed"; readonly cause: EndCause };

export type SessionEvent =
  | { readonly type: "identified" }
  | { readonly type: "paired" }
  | { readonly type: "started" }
  | { readonly type: "ended"; readonly cause: EndCause };

const NEXT = {
  accepted: { on: "identified", then: { phase: "identified" } },
  identified: { on: "paired", then: { phase: "paired" } },
  paired: { on: "started", then: { phase: "relaying" } },
  relaying: null,
} as const;

export const INITIAL_SESSION_STATE: SessionState = { phase: "accepted" };

/**
 * The state after an event. Any state may end; what has ended stays as it is.
 * @throws Error for a step that skips another: a programming error
 */
export function transitionSession(state: SessionState, event: SessionEvent): SessionState {
  if (state.phase === "closed") return state;
  if (event.type === "ended") return { phase: "closed", cause: event.cause };
  const step = NEXT[state.phase];
  if (step?.on !== event.type) throw new Error(`a session that is ${state.phase} cannot be ${event.type}`);
  return step.then;
}
