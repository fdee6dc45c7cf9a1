import { describe, expect, it } from "vitest";
import {
  initialConnectionState,
  reduceConnection,
  type ViewerConnectionState,
  type ViewerConnectionEvent,
} from "../../../../../web/client/viewer/viewer-connection-state.ts";

const closed = (now: number, cause: "lost" | "gone" = "lost"): ViewerConnectionEvent => ({
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

  it("waits longer each time nothing answers", () => {
    let line: ViewerConnectionState = initialConnectionState;
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      line = reduceConnection(line, closed(0));
      if (line.phase === "waiting") waits.push(line.retryAt);
      line = reduceConnection(line, { type: "retry" });
    }
    expect(waits).toEqual([600, 1_200, 2_400, 4_800, 9_600, 15_000, 15_000]);
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
