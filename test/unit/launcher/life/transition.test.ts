import { describe, expect, test } from "vitest";
import {
  transition,
  type Life,
  type LifeEvent,
  type LifeState,
} from "../../../../launcher/life/transition.ts";
import { readLifeEvent } from "../../../../launcher/qmp/life-events.ts";

const STATES: readonly LifeState[] = ["preparing", "booting", "running", "stopping", "stopped", "failed"];
const crash: LifeEvent = { kind: "exited", clean: false, reason: "why" };
const exit: LifeEvent = { kind: "exited", clean: true, reason: "unused" };
const user: LifeEvent = { kind: "ending", by: "user" };

/** event → for each state what becomes of it; a state that is missing stays as it is. */
const TABLE: readonly (readonly [string, LifeEvent, Partial<Record<LifeState, LifeState>>])[] = [
  ["startRequested", { kind: "startRequested" }, { stopped: "preparing", failed: "preparing" }],
  ["powered", { kind: "powered" }, { preparing: "booting" }],
  ["drawn", { kind: "drawn" }, { booting: "running" }],
  ["reset", { kind: "reset" }, { running: "booting" }],
  ["ending", user, { preparing: "stopping", booting: "stopping", running: "stopping" }],
  ["a crash", crash, { preparing: "failed", booting: "failed", running: "failed", stopping: "stopped" }],
  [
    "a clean exit",
    exit,
    { preparing: "stopped", booting: "stopped", running: "stopped", stopping: "stopped" },
  ],
  [
    "startFailed",
    { kind: "startFailed", reason: "why" },
    { preparing: "failed", booting: "failed", running: "failed", stopping: "stopped" },
  ],
];

describe.each(TABLE)("%s", (_name, event, changes) => {
  test.each(STATES)("when %s", (state) => {
    const life: Life = { state };
    const next = transition(life, event);
    expect(next.state).toBe(changes[state] ?? state);
    if (changes[state] === undefined) expect(next).toBe(life);
  });
});

test("the reason of an end is kept, and forgotten at the next start", () => {
  const failed = transition({ state: "running" }, crash);
  expect(failed).toEqual({ state: "failed", reason: "why" });
  expect(transition(failed, { kind: "startRequested" })).toEqual({ state: "preparing" });
  const going = transition({ state: "running" }, { kind: "ending", by: "guest" });
  expect(transition(going, exit)).toEqual({ state: "stopped", reason: "The guest shut itself down." });
  expect(transition(transition({ state: "running" }, user), crash)).toEqual({ state: "stopped" });
});

test.each([
  ["RESET", {}, { kind: "reset" }],
  ["POWERDOWN", {}, { kind: "ending", by: "user" }],
  ["SHUTDOWN", { guest: true, reason: "guest-shutdown" }, { kind: "ending", by: "guest" }],
  ["SHUTDOWN", { guest: false, reason: "host-signal" }, { kind: "ending", by: "host" }],
  ["VNC_CONNECTED", {}, null],
])("QMP's %s %j", (name, data, event) => {
  expect(readLifeEvent({ name, data })).toEqual(event);
});
