import { describe, expect, it } from "vitest";
import {
  INITIAL_SESSION_STATE,
  transitionSession,
  type SessionEvent,
  type SessionState,
} from "../../../../proxy/relay/session-state.ts";

const STEPS: SessionEvent[] = [{ type: "identified" }, { type: "paired" }, { type: "started" }];
const PHASES: SessionState[] = [
  { phase: "accepted" },
  { phase: "identified" },
  { phase: "paired" },
  { phase: "relaying" },
];
const END: SessionEvent = { type: "ended", cause: "VIEWER_LEFT" };

describe("transition", () => {
  it("goes from admission to the relay step by step", () => {
    const passed = [INITIAL_SESSION_STATE];
    for (const step of STEPS) passed.push(transitionSession(passed.at(-1)!, step));
    expect(passed).toEqual(PHASES);
  });

  it.each(PHASES)("ends from $phase with the cause", (state) => {
    expect(transitionSession(state, END)).toEqual({ phase: "closed", cause: "VIEWER_LEFT" });
  });

  it.each([...STEPS, END])("the first cause wins over a later $type", (event) => {
    const closed: SessionState = { phase: "closed", cause: "TOKEN_WRONG" };
    expect(transitionSession(closed, event)).toEqual(closed);
  });

  it("skips and repeats no step", () => {
    for (const [at, state] of PHASES.entries()) {
      for (const [step, event] of STEPS.entries()) {
        if (step === at) continue;
        expect(() => transitionSession(state, event)).toThrow(`a session that is ${state.phase} cannot be`);
      }
    }
  });
});
