import { describe, expect, it } from "vitest";
import {
  findAnswerPatience,
  initialConnectionState,
  reduceConnection,
  type DisconnectCause,
  type ViewerConnectionState,
  type ViewerConnectionEvent,
} from "../../../../../web/client/viewer/viewer-connection-state.ts";

const closed = (now: number, cause: DisconnectCause = "lost"): ViewerConnectionEvent => ({
  type: "closed",
  now,
  random: 1,
  cause,
  detail: null,
});
const follow = (...events: ViewerConnectionEvent[]) =>
  events.reduce(reduceConnection, initialConnectionState as ViewerConnectionState);

describe("the viewer's line", () => {
  it("opens, breaks, waits, and tries again", () => {
    const open = follow({ type: "opened", now: 0 });
    expect(open).toEqual({ phase: "open", attempt: 0, since: 0, silence: null });
    const waiting = reduceConnection(open, closed(60_000));
    const failure = { cause: "lost", detail: null };
    expect(waiting).toEqual({ phase: "waiting", attempt: 1, retryAt: 60_600, failure });
    // The person reads on what went wrong while it tries again.
    expect(reduceConnection(waiting, { type: "retry" })).toEqual({
      phase: "connecting",
      attempt: 1,
      failure,
    });
  });

  it("is silent and speaks again without a new attempt", () => {
    const silent = follow({ type: "opened", now: 0 }, { type: "silence", silence: "desktop" });
    expect(silent).toMatchObject({ phase: "open", silence: "desktop" });
    expect(reduceConnection(silent, { type: "silence", silence: null })).toMatchObject({ silence: null });
    const waiting = follow(closed(0));
    expect(reduceConnection(waiting, { type: "silence", silence: "server" })).toBe(waiting);
  });

  /** The waits of so many attempts that end in this way, and how long each then waits for an answer. */
  function fail(cause: DisconnectCause, times: number): { waits: number[]; patience: number[] } {
    let line: ViewerConnectionState = initialConnectionState;
    const waits: number[] = [];
    const patience: number[] = [];
    for (let round = 0; round < times; round += 1) {
      line = reduceConnection(line, closed(0, cause));
      if (line.phase === "waiting") waits.push(line.retryAt);
      line = reduceConnection(line, { type: "retry" });
      patience.push(findAnswerPatience(line, 0));
    }
    return { waits, patience };
  }

  it("waits longer each time it is answered in vain", () => {
    const { waits } = fail("noDesktop", 7);
    expect(waits).toEqual([600, 1_200, 2_400, 4_800, 9_600, 15_000, 15_000]);
  });

  it("looks every few seconds whether a lost line is back, for a minute, and then seldom", () => {
    const { waits, patience } = fail("unreachable", 40);
    const perAttempt = waits.map((wait, index) => wait + patience[index]!);
    const often = perAttempt.filter((ms) => ms <= 4_000);
    expect(perAttempt.slice(0, often.length)).toEqual(often);
    expect(often.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(60_000);
    expect(waits.at(-1)).toBe(15_000);
    // A first connection may be slow.
    expect(findAnswerPatience(initialConnectionState, 0)).toBeGreaterThan(patience[0]!);
    // So may a line that is far away.
    expect(findAnswerPatience({ attempt: 1 }, 900)).toBeGreaterThan(patience[0]! + 3 * 900);
    expect(findAnswerPatience({ attempt: 1 }, 1e9)).toBe(findAnswerPatience(initialConnectionState, 0));
  });

  it("counts on while the line does not hold, and from one when it did", () => {
    const flapping = follow(closed(0), { type: "retry" }, { type: "opened", now: 1_000 }, closed(2_000));
    expect(flapping.attempt).toBe(2);
    const steady = follow(closed(0), { type: "retry" }, { type: "opened", now: 1_000 }, closed(11_000));
    expect(steady.attempt).toBe(1);
  });

  it("does not hurry after what is gone", () => {
    expect(follow(closed(0, "gone"))).toMatchObject({ phase: "waiting", retryAt: 15_000 });
  });

  it("takes no event that does not belong to its phase", () => {
    const waiting = follow(closed(0));
    expect(reduceConnection(waiting, closed(5))).toBe(waiting);
    expect(reduceConnection(waiting, { type: "opened", now: 5 })).toBe(waiting);
    const open = follow({ type: "opened", now: 0 });
    expect(reduceConnection(open, { type: "retry" })).toBe(open);
    expect(reduceConnection(open, { type: "reset" })).toBe(initialConnectionState);
  });
});
