import { describe, expect, test } from "vitest";
import {
  makeReason,
  nextLifecycle,
  type Lifecycle,
  type LifecycleEvent,
  type LifecycleState,
} from "../../../../launcher/model/lifecycle.ts";
import { machineStateFile } from "../../../../launcher/model/machine-state-file.ts";
import { DISK_FULL, readLifecycleEvent, readRunState } from "../../../../launcher/qmp/lifecycle-events.ts";

const STATES: readonly LifecycleState[] = [
  ...(["preparing", "booting", "running", "paused", "saving"] as const),
  ...(["stopping", "stopped", "failed"] as const),
];
const crash: LifecycleEvent = { kind: "exited", clean: false, reason: "why" };
const exit: LifecycleEvent = { kind: "exited", clean: true, reason: "unused" };
const user: LifecycleEvent = { kind: "ending", by: "user" };
const alive = (state: LifecycleState) => ({ booting: state, running: state });

/** event → for each state what becomes of it; a state that is missing stays as it is. */
const TABLE: readonly (readonly [string, LifecycleEvent, Partial<Record<LifecycleState, LifecycleState>>])[] =
  [
    ["startRequested", { kind: "startRequested" }, { stopped: "preparing", failed: "preparing" }],
    ["powered", { kind: "powered" }, { preparing: "booting" }],
    ["drawn", { kind: "drawn" }, { booting: "running" }],
    ["reset", { kind: "reset" }, { running: "booting", paused: "booting" }],
    ["halted", { kind: "halted" }, alive("paused")],
    ["halted by a fault", { kind: "halted", why: { reason: "why" } }, alive("paused")],
    ["kept", { kind: "kept" }, { stopping: "running" }],
    ["resumed", { kind: "resumed" }, { paused: "running" }],
    ["saveRequested", { kind: "saveRequested" }, { ...alive("saving"), paused: "saving" }],
    ["saveFailed", { kind: "saveFailed", reason: "why" }, { saving: "running" }],
    ["restoreFailed", { kind: "restoreFailed", reason: "why" }, { ...alive("stopping"), paused: "stopping" }],
    ["ending", user, { preparing: "stopping", ...alive("stopping"), paused: "stopping", saving: "stopping" }],
    [
      "ending on the host",
      { kind: "ending", by: "host" },
      { preparing: "stopping", ...alive("stopping"), paused: "stopping" },
    ],
    [
      "a crash",
      crash,
      { preparing: "failed", ...alive("failed"), paused: "failed", saving: "failed", stopping: "stopped" },
    ],
    [
      "a clean exit",
      exit,
      { preparing: "stopped", ...alive("stopped"), paused: "stopped", saving: "failed", stopping: "stopped" },
    ],
    [
      "startFailed",
      { kind: "startFailed", reason: "why" },
      { preparing: "failed", ...alive("failed"), paused: "failed", saving: "failed", stopping: "stopped" },
    ],
  ];

describe.each(TABLE)("%s", (_name, event, changes) => {
  test.each(STATES)("when %s", (state) => {
    const life: Lifecycle = { state };
    const next = nextLifecycle(life, event);
    expect(next.state).toBe(changes[state] ?? state);
    if (changes[state] === undefined) expect(next).toBe(life);
  });
});

test("the reason of an end is kept, and forgotten at the next start", () => {
  const failed = nextLifecycle({ state: "running" }, crash);
  expect(failed).toEqual({ state: "failed", reason: "why" });
  expect(nextLifecycle(failed, { kind: "startRequested" })).toEqual({ state: "preparing" });
  const going = nextLifecycle({ state: "running" }, { kind: "ending", by: "guest" });
  expect(nextLifecycle(going, exit)).toEqual({
    state: "stopped",
    ...makeReason("GUEST_SHUTDOWN", "The guest shut itself down."),
  });
  expect(nextLifecycle(nextLifecycle({ state: "running" }, user), crash)).toEqual({ state: "stopped" });
});

test("a saved memory is kept until the guest goes on from it, whatever happens in between", () => {
  const saved = { state: "saving", saved: ".saved" } as const;
  expect(nextLifecycle({ state: "saving" }, { kind: "saved", tag: ".saved" })).toEqual(saved);
  const off = nextLifecycle(saved, crash);
  expect(off).toEqual({ state: "stopped", saved: ".saved" });
  const preparing = nextLifecycle(off, { kind: "startRequested" });
  expect(nextLifecycle(preparing, crash)).toEqual({ state: "failed", reason: "why", saved: ".saved" });
  expect(nextLifecycle(nextLifecycle(preparing, user), exit)).toEqual(off);
  expect(nextLifecycle(preparing, { kind: "startFailed", reason: "why" }).saved).toBe(".saved");
  const booting = nextLifecycle(preparing, { kind: "powered" });
  expect(booting).toEqual({ state: "booting", saved: ".saved" });
  expect(nextLifecycle(booting, { kind: "restored" })).toEqual({ state: "running" });
  expect(nextLifecycle(booting, { kind: "restoreFailed", reason: "why" })).toEqual({
    state: "stopping",
    reason: "why",
  });
});

test("a memory is chosen, or given up, while the machine is off alone", () => {
  const stopped = { state: "stopped" } as const;
  const chosen = nextLifecycle(stopped, { kind: "memoryChosen", tag: "u-a" });
  expect(chosen).toEqual({ state: "stopped", saved: "u-a" });
  expect(nextLifecycle(chosen, { kind: "memoryChosen" })).toEqual(stopped);
  expect(nextLifecycle(stopped, { kind: "memoryChosen" })).toBe(stopped);
  const running = { state: "running" } as const;
  expect(nextLifecycle(running, { kind: "memoryChosen", tag: "u-a" })).toBe(running);
});

test("a save that fails leaves a paused machine paused, also under the next launcher", () => {
  const saving = nextLifecycle({ state: "paused" }, { kind: "saveRequested" });
  expect(saving).toEqual({ state: "saving", wasPaused: true });
  expect(machineStateFile.parse({ ...saving, since: 1 })).toMatchObject(saving);
  const failed: LifecycleEvent = { kind: "saveFailed", reason: "why" };
  expect(nextLifecycle(saving, failed)).toEqual({ state: "paused", reason: "why" });
  const fromRunning = nextLifecycle({ state: "running" }, { kind: "saveRequested" });
  expect(nextLifecycle(fromRunning, failed)).toEqual({ state: "running", reason: "why" });
});

test("why a guest stands still is told, until it goes on", () => {
  const halted = nextLifecycle(
    { state: "running" },
    { kind: "halted", why: { reason: "full", cause: { code: "FULL", details: {} } } },
  );
  expect(halted).toEqual({ state: "paused", reason: "full", cause: { code: "FULL", details: {} } });
  expect(nextLifecycle(halted, { kind: "halted" })).toBe(halted);
  expect(nextLifecycle(halted, { kind: "resumed" })).toEqual({ state: "running" });
});

test.each([
  ["RESET", {}, { kind: "reset" }],
  // A viewer may press the button too, and a guest may ignore it.
  ["POWERDOWN", {}, null],
  ["STOP", {}, { kind: "halted" }],
  ["RESUME", {}, { kind: "resumed" }],
  ["BLOCK_IO_ERROR", { action: "stop", nospace: true }, { kind: "halted", why: DISK_FULL }],
  [
    "BLOCK_IO_ERROR",
    { action: "stop", nospace: false },
    { kind: "halted", why: makeReason("HOST_DISK_FAULT", "The host's disk reported an error.") },
  ],
  ["BLOCK_IO_ERROR", { action: "report", nospace: true }, null],
  ["SHUTDOWN", { guest: true, reason: "guest-shutdown" }, { kind: "ending", by: "guest" }],
  ["SHUTDOWN", { guest: false, reason: "host-signal" }, { kind: "ending", by: "host" }],
  ["VNC_CONNECTED", {}, null],
])("QMP's %s %j", (name, data, event) => {
  expect(readLifecycleEvent({ name, data })).toEqual(event);
});

test.each([
  ["running", "resumed"],
  ["paused", "halted"],
  ["io-error", "halted"],
  ["internal-error", "halted"],
  ["prelaunch", undefined],
])("a guest that is found %s", (status, kind) => {
  expect(readRunState(status)?.kind).toBe(kind);
});
