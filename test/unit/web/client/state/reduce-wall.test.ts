import { describe, expect, it } from "vitest";
import type { LiveEvent } from "../../../../../web/api/schemas.ts";
import { reduceWall } from "../../../../../web/client/state/reduce-wall.ts";
import { emptyWall, type WallState } from "../../../../../web/client/state/wall-state.ts";
import { makeDesktop, makeMachine } from "../api-records.ts";

const see = (state: WallState, event: LiveEvent) => reduceWall(state, { type: "events", events: [event] });
const lists = (machines = [makeMachine()], desktops = [makeDesktop()]) =>
  ({ type: "lists", machines, desktops, images: [] }) as const;

describe("reduceWall", () => {
  it("takes the lists that a hello asked for", () => {
    const state = reduceWall(see(emptyWall, { type: "hello" }), lists());
    expect(state).toMatchObject({ connection: "live", loaded: true, pendingEvents: null });
    expect(Object.keys(state.machines)).toEqual(["m1"]);
    expect(Object.keys(state.desktops)).toEqual(["d1"]);
  });

  it("lets events win over lists that were asked for before them", () => {
    let state = see(emptyWall, { type: "hello" });
    state = see(state, { type: "machine", machine: makeMachine({ state: "stopped", since: 9_000 }) });
    state = see(state, { type: "gone", kind: "desktop", id: "d1" });
    expect(state.machines["m1"]?.state).toBe("stopped");
    state = reduceWall(state, lists());
    expect(state.machines["m1"]?.state).toBe("stopped");
    expect(state.desktops).toEqual({});
    expect(state.pendingEvents).toBeNull();
  });

  it("forgets what it held when the line greets again", () => {
    let state = see(emptyWall, { type: "hello" });
    state = see(state, { type: "machine", machine: makeMachine({ id: "old" }) });
    state = reduceWall(see(state, { type: "hello" }), lists());
    expect(Object.keys(state.machines)).toEqual(["m1"]);
  });

  it("drops machines and desktops that are gone, and nothing else", () => {
    const state = reduceWall(emptyWall, lists([makeMachine(), makeMachine({ id: "m2" })]));
    expect(Object.keys(see(state, { type: "gone", kind: "machine", id: "m1" }).machines)).toEqual(["m2"]);
    expect(see(state, { type: "gone", kind: "machine", id: "d1" }).desktops).toEqual(state.desktops);
    expect(see(state, { type: "gone", kind: "desktop", id: "unknown" }).desktops).toBe(state.desktops);
  });

  it("does not let an answer undo a later event", () => {
    const state = reduceWall(emptyWall, lists([makeMachine({ state: "booting", since: 5_000 })]));
    const queued = makeMachine({ state: "queued", since: 4_000 });
    expect(reduceWall(state, { type: "machineResponse", machine: queued })).toBe(state);
    const stopping = makeMachine({ state: "stopping", since: 6_000 });
    expect(reduceWall(state, { type: "machineResponse", machine: stopping }).machines["m1"]).toBe(stopping);
  });

  it("shows a new machine as soon as the server has answered", () => {
    const machine = makeMachine({ id: "new", state: "queued" });
    expect(reduceWall(emptyWall, { type: "machineResponse", machine }).machines).toEqual({ new: machine });
  });

  it("forgets everything at sign-out", () => {
    const state = reduceWall(emptyWall, lists());
    expect(reduceWall(state, { type: "me", me: null })).toEqual({ ...emptyWall, me: null });
  });

  it("stays the same value when nothing changes", () => {
    expect(reduceWall(emptyWall, { type: "connection", connection: "connecting" })).toBe(emptyWall);
    expect(reduceWall(emptyWall, { type: "notice", notice: null })).toBe(emptyWall);
    expect(see(emptyWall, { type: "images" })).toBe(emptyWall);
  });

  it("takes many events as one change, and leaves what they do not name as it was", () => {
    const many = Array.from({ length: 300 }, (_, index) => makeMachine({ id: `m${index}` }));
    const state = reduceWall(emptyWall, lists(many));
    const events: LiveEvent[] = [
      { type: "machine", machine: makeMachine({ id: "m7", state: "stopped" }) },
      { type: "gone", kind: "machine", id: "m8" },
      { type: "machine", machine: makeMachine({ id: "new" }) },
    ];
    const next = reduceWall(state, { type: "events", events });
    expect(next.machines["m7"]?.state).toBe("stopped");
    expect("m8" in next.machines).toBe(false);
    expect(Object.keys(next.machines)).toHaveLength(300);
    expect(next.machines["m9"]).toBe(state.machines["m9"]);
    expect(next.desktops).toBe(state.desktops);
    expect("m8" in state.machines).toBe(true);
  });

  it("keeps events after a hello of the same batch until the lists come", () => {
    const machine = makeMachine({ state: "stopped", since: 9_000 });
    const events: LiveEvent[] = [{ type: "images" }, { type: "hello" }, { type: "machine", machine }];
    const state = reduceWall(emptyWall, { type: "events", events });
    expect(state.pendingEvents).toEqual([{ type: "machine", machine }]);
    expect(reduceWall(state, lists()).machines["m1"]?.state).toBe("stopped");
  });
});
