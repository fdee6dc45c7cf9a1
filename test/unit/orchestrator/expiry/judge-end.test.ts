import { describe, expect, it } from "vitest";
import { machineOptions, type MachineRecord } from "../../../../proxy/index.ts";
import { judgeEnd, nextCheckDelay, type EndStep } from "../../../../orchestrator/expiry/judge-end.ts";

const NOW = 1_000_000_000;
const HOUR = 3_600_000;

function machine(change: Partial<MachineRecord>): MachineRecord {
  return {
    ...{
      id: "m",
      name: "m",
      image: "i",
      ownerId: "u",
      agentId: "h",
      state: "running",
      reason: null,
      cause: null,
    },
    ...{ accel: "kvm", cpus: 1, memoryMb: 64, wish: machineOptions.parse({}), oneShot: false },
    ...{ lifetimeMs: null, expiresAt: null, warnedAt: null, idleSince: null, viewed: false, ending: null },
    ...{ saved: false, powerOffAt: null, progress: null, tried: [], createdAt: 0, since: NOW },
    ...change,
  };
}
const oneShot = (change: Partial<MachineRecord>) => machine({ oneShot: true, ...change });
const lasting = (left: number, change: Partial<MachineRecord> = {}) =>
  machine({ lifetimeMs: HOUR, expiresAt: NOW + left, ...change });

const NONE: EndStep = { kind: "none" };
const end = (cause: "idle" | "lifetime"): EndStep => ({ kind: "end", cause });
const note = (change: Partial<MachineRecord>) => ({ kind: "note", change }) as EndStep;

describe("the next step", () => {
  it.each<[string, MachineRecord, number, EndStep]>([
    ["a machine without an end", machine({}), 0, NONE],
    ["nine tenths of a lifetime are left", lasting(HOUR * 0.9), 0, NONE],
    ["a bit more than the last tenth", lasting(HOUR / 10 + 1), 0, NONE],
    ["the last tenth begins", lasting(HOUR / 10), 0, { kind: "warn" }],
    ["and was told", lasting(HOUR / 10, { warnedAt: NOW }), 0, NONE],
    ["the last millisecond", lasting(1, { warnedAt: NOW }), 3, NONE],
    ["the time is over, whoever watches", lasting(0, { warnedAt: NOW }), 3, end("lifetime")],
    ["the time was over while no server ran", lasting(-HOUR), 0, end("lifetime")],
    ["its end was decided and it still runs", lasting(-1, { ending: "lifetime" }), 0, { kind: "stop" }],
    ["it is on its way down", lasting(-1, { ending: "lifetime", state: "stopping" }), 0, NONE],
    ["a paused machine's time goes on", lasting(0, { state: "paused" }), 0, end("lifetime")],
    ["a one-shot that waits for a host", oneShot({ state: "queued", agentId: null }), 0, NONE],
    ["a one-shot that nobody has opened yet", oneShot({}), 0, note({ idleSince: NOW })],
    ["ten minutes less a moment unseen", oneShot({ idleSince: NOW - 599_999 }), 0, NONE],
    ["ten minutes unseen", oneShot({ idleSince: NOW - 600_000 }), 0, end("idle")],
    ["its first viewer", oneShot({ idleSince: NOW - 5 }), 1, note({ viewed: true, idleSince: null })],
    ["somebody watches", oneShot({ viewed: true }), 1, NONE],
    ["its last viewer left", oneShot({ viewed: true }), 0, note({ idleSince: NOW })],
    ["59.999 s ago", oneShot({ viewed: true, idleSince: NOW - 59_999 }), 0, NONE],
    ["60 s ago", oneShot({ viewed: true, idleSince: NOW - 60_000 }), 0, end("idle")],
    [
      "and one came back in time",
      oneShot({ viewed: true, idleSince: NOW - 60_000 }),
      1,
      note({ viewed: true, idleSince: null }),
    ],
    ["a machine that stays, idle for long", machine({ idleSince: 1, viewed: true }), 0, NONE],
    ["a one-shot that has stopped", oneShot({ state: "stopped" }), 0, { kind: "remove" }],
    ["a machine that stays has stopped", machine({ state: "stopped" }), 0, NONE],
    ["a one-shot that has just failed", oneShot({ state: "failed" }), 0, NONE],
    [
      "a one-shot that failed ten minutes ago",
      oneShot({ state: "failed", since: NOW - 600_000 }),
      0,
      { kind: "remove" },
    ],
    [
      "and one whose record its host cannot read",
      oneShot({ state: "failed", since: 0, cause: { code: "RECORD_DAMAGED", details: {} } }),
      0,
      NONE,
    ],
  ])("%s", (_name, record, viewers, step) => {
    expect(judgeEnd(record, viewers, NOW)).toEqual(step);
  });
});

it("the next look is when something falls due", () => {
  expect(nextCheckDelay(machine({}), NOW)).toBe(Infinity);
  expect(nextCheckDelay(lasting(HOUR), NOW)).toBe(HOUR * 0.9);
  expect(nextCheckDelay(lasting(HOUR / 20, { warnedAt: NOW }), NOW)).toBe(HOUR / 20);
  expect(nextCheckDelay(oneShot({ viewed: true, idleSince: NOW - 20_000 }), NOW)).toBe(40_000);
  expect(nextCheckDelay(oneShot({ idleSince: NOW - 20_000 }), NOW)).toBe(580_000);
  expect(nextCheckDelay(lasting(-5), NOW)).toBe(0);
});
