import { mkdirSync, mkdtempSync, rmSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MachineStateStore, readMachineState } from "../../../../launcher/machine/machine-state-store.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const log = pino({ level: "silent" });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a record that cannot be written is written when it can", () => {
  const clock = new ManualClock();
  const file = join(folder, "away", "state.json");
  const record = { state: "booting", since: 1, companions: [], logFrom: 0 } as const;
  const store = new MachineStateStore(file, { ...record, companions: [] }, { clock, log });
  store.change({ state: "running" });
  expect(store.record.state).toBe("running");
  expect(readMachineState(file)).toEqual({ kind: "missing" });
  mkdirSync(join(folder, "away"));
  clock.advance(2000);
  expect(readMachineState(file)).toMatchObject({ kind: "whole", value: { state: "running" } });
  rmSync(join(folder, "away"), { recursive: true });
  store.change({ state: "stopped" });
  store.close();
  mkdirSync(join(folder, "away"));
  clock.advance(10_000);
  rmdirSync(join(folder, "away"));
});

test("a record that is only in memory touches no file", () => {
  const clock = new ManualClock();
  const store = new MachineStateStore(
    null,
    { state: "failed", since: 1, companions: [], logFrom: 0 },
    { clock, log },
  );
  store.change({ state: "stopped" });
  expect(store.record.state).toBe("stopped");
  expect(clock.pending).toBe(0);
});
