import { appendFileSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readMachineState, MachineStateStore } from "../../../../launcher/machine/machine-state-store.ts";
import { readBootLog, trimBootLog } from "../../../../launcher/machine/boot-log.ts";
import { hasFreeSpace } from "../../../../launcher/machine/disk-space.ts";
import { describeSnapshots, SAVED_TAG, toSnapshotTag } from "../../../../launcher/machine/snapshot-tags.ts";
import { MachineQueue } from "../../../../launcher/machine/machine-queue.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const log = pino({ level: "silent" });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a boot log", () => {
  test("shows its end, and says whether there is more", async () => {
    const file = join(folder, "serial.log");
    expect(await readBootLog(file)).toEqual({ text: "", truncated: false });
    writeFileSync(file, "all of it");
    expect(await readBootLog(file)).toEqual({ text: "all of it", truncated: false });
    writeFileSync(file, `${"x".repeat(128 * 1024)}the end`);
    const { text, truncated } = await readBootLog(file);
    expect([text.length, text.endsWith("xthe end"), truncated]).toEqual([128 * 1024, true, true]);
  });

  test("that grew too long keeps its end, and grows on", async () => {
    const file = join(folder, "serial.log");
    const limit = 4 * 1024 * 1024;
    writeFileSync(file, "x".repeat(limit));
    await trimBootLog(file);
    expect(statSync(file).size).toBe(limit);
    appendFileSync(file, "y");
    await trimBootLog(file);
    expect(statSync(file).size).toBe(1024 * 1024);
    appendFileSync(file, "z");
    expect((await readBootLog(file)).text.endsWith("xyz")).toBe(true);
    await trimBootLog(join(folder, "none"));
  });
});

test("a record that cannot be written is written when it can", () => {
  const clock = new ManualClock();
  const file = join(folder, "away", "state.json");
  const record = { state: "booting", since: 1, companions: [], logFrom: 0 } as const;
  const keeper = new MachineStateStore(file, { ...record, companions: [] }, clock, log);
  keeper.change({ state: "running" });
  expect(keeper.record.state).toBe("running");
  expect(readMachineState(file)).toBeNull();
  mkdirSync(join(folder, "away"));
  clock.advance(2000);
  expect(readMachineState(file)?.state).toBe("running");
  rmSync(join(folder, "away"), { recursive: true });
  keeper.change({ state: "stopped" });
  keeper.close();
  mkdirSync(join(folder, "away"));
  clock.advance(10_000);
  rmdirSync(join(folder, "away"));
});

test("room is room on every file system", async () => {
  expect(await hasFreeSpace([join(folder, "a"), join(folder, "b")])).toBe(true);
  expect(await hasFreeSpace([join(folder, "a"), "/proc/version"])).toBe(false);
  await expect(hasFreeSpace([join(folder, "none", "a")])).rejects.toThrow();
});

test("snapshots of people are told, numbers stay names, and a saved memory is none", () => {
  const at = (name: string, seconds: number, bytes: number) => ({
    name,
    "vm-state-size": bytes,
    "date-sec": seconds,
    "date-nsec": 5_000_000,
  });
  expect(toSnapshotTag("1")).not.toMatch(/^\d+$/);
  expect(toSnapshotTag("saved")).not.toBe(SAVED_TAG);
  const found = [
    at(toSnapshotTag("late"), 20, 0),
    at(SAVED_TAG, 15, 9),
    at(toSnapshotTag("1"), 10, 9),
    at("alien", 1, 1),
  ];
  expect(describeSnapshots(found)).toEqual([
    { name: "1", createdAt: 10_005, withMemory: true, bytes: 9 },
    { name: "late", createdAt: 20_005, withMemory: false, bytes: 0 },
  ]);
});

test("turns come one after the other, a fault ends none of them, and what is alone is alone", async () => {
  const turns = new MachineQueue(log);
  const done: string[] = [];
  let release = (): void => undefined;
  turns.enqueue(() => new Promise((resolve) => (release = resolve)));
  turns.enqueue(() => Promise.reject(new Error("fault")));
  turns.enqueue(() => {
    done.push("third");
    return Promise.resolve();
  });
  await Promise.resolve();
  expect(done).toEqual([]);
  release();
  await turns.whenIdle();
  expect(done).toEqual(["third"]);

  const alone = turns.runExclusive(() => new Promise<void>((resolve) => (release = resolve)));
  expect(turns.busy).toBe(true);
  await expect(turns.runExclusive(() => Promise.resolve())).rejects.toMatchObject({ code: "MACHINE_BUSY" });
  release();
  await alone;
  expect(turns.busy).toBe(false);
  await expect(turns.runExclusive(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await turns.runExclusive(() => Promise.resolve());
});
