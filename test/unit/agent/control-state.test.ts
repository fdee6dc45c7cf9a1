import { describe, expect, test } from "vitest";
import { transition, type ControlEvent, type ControlState, type Loss } from "../../../agent/control-state.ts";

const lost = (details: Partial<Loss> = {}): Loss => ({
  kind: "lost",
  at: 0,
  dice: 0.5,
  pace: "normal",
  ...details,
});

function follow(events: readonly ControlEvent[], servers = 1): ControlState {
  return events.reduce<ControlState>((state, event) => transition(state, event, servers), { kind: "idle" });
}

const UP: readonly ControlEvent[] = [
  { kind: "start" },
  { kind: "connected" },
  { kind: "welcomed", at: 1000 },
];

describe("the control connection's states", () => {
  test("idle, dialing, proving, ready", () => {
    expect(follow(UP.slice(0, 1))).toEqual({ kind: "dialing", server: 0, failures: 0 });
    expect(follow(UP.slice(0, 2))).toEqual({ kind: "proving", server: 0, failures: 0 });
    expect(follow(UP)).toEqual({ kind: "ready", server: 0, failures: 0, since: 1000 });
  });

  test("each failure waits longer, and turns to the next server", () => {
    const delays: unknown[] = [];
    let state = follow([{ kind: "start" }]);
    for (let round = 0; round < 5; round++) {
      state = transition(state, lost(), 2);
      delays.push(state.kind === "waiting" && [state.server, state.delayMs]);
      state = transition(state, { kind: "waited" }, 2);
    }
    expect(delays).toEqual([
      [1, 125],
      [0, 125],
      [1, 250],
      [0, 250],
      [1, 500],
    ]);
  });

  test("a connection that lasted starts the backoff anew, one that did not goes on with it", () => {
    const failed = follow([{ kind: "start" }, lost(), { kind: "waited" }, lost(), { kind: "waited" }]);
    const ready = transition(transition(failed, { kind: "connected" }, 1), { kind: "welcomed", at: 1000 }, 1);
    expect(transition(ready, lost({ at: 1500 }), 1)).toMatchObject({ failures: 3, delayMs: 500 });
    expect(transition(ready, lost({ at: 11_000 }), 1)).toMatchObject({ failures: 1, delayMs: 125 });
  });

  test("what the server asks for: not before, spread over, slowly", () => {
    expect(follow([...UP, lost({ retryAfterMs: 4000 })])).toMatchObject({ delayMs: 4125 });
    expect(follow([...UP, lost({ spreadMs: 60_000 })])).toMatchObject({ delayMs: 30_000 });
    expect(follow([...UP, lost({ spreadMs: 10 })])).toMatchObject({ delayMs: 125 });
    expect(follow([...UP, lost({ pace: "slow" })])).toMatchObject({ delayMs: 2500 });
  });

  test("with another proof the same server is dialed at once", () => {
    const again: ControlEvent = { kind: "again" };
    expect(follow([...UP.slice(0, 2), again])).toEqual({ kind: "dialing", server: 0, failures: 0 });
  });

  test("closed is final, and events out of place change nothing", () => {
    const closed = follow([...UP, { kind: "stop", cause: null }]);
    expect(closed).toEqual({ kind: "closed", cause: null });
    const events: ControlEvent[] = [...UP, lost(), { kind: "waited" }, { kind: "again" }];
    for (const event of events) expect(transition(closed, event, 1)).toBe(closed);
    const idle: ControlState = { kind: "idle" };
    for (const event of events.slice(1)) expect(transition(idle, event, 1)).toBe(idle);
  });
});
