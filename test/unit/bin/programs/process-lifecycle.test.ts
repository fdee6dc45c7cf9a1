import { pino } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { runUntilSignal } from "../../../../bin/programs/process-lifecycle.ts";

const log = pino({ level: "silent" });
const before = { SIGTERM: process.listeners("SIGTERM"), SIGINT: process.listeners("SIGINT") };

afterEach(() => {
  vi.restoreAllMocks();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    for (const listener of process.listeners(signal))
      if (!before[signal].includes(listener)) process.off(signal, listener);
});

function recordSteps() {
  const steps: string[] = [];
  vi.spyOn(process, "exit").mockImplementation((code) => {
    steps.push(`exit ${String(code)}`);
    return undefined as never;
  });
  const close = async (): Promise<void> => {
    steps.push("closing");
    await Promise.resolve();
    steps.push("closed");
  };
  return { steps, close };
}

test("a program that ends by itself is closed before its cause is told", async () => {
  const { steps, close } = recordSteps();
  const cause = new Error("revoked");
  const ended = runUntilSignal({ close, stopped: Promise.resolve(cause) }, log);
  await expect(ended).rejects.toBe(cause);
  expect(steps).toEqual(["closing", "closed"]);
});

test("so is one that never was up, and one that cannot be closed", async () => {
  const { steps, close } = recordSteps();
  const cause = new Error("refused");
  await expect(runUntilSignal({ close }, log, () => Promise.reject(cause))).rejects.toBe(cause);
  expect(steps).toEqual(["closing", "closed"]);
  const broken = { close: () => Promise.reject(new Error("broken")), stopped: Promise.resolve(cause) };
  await expect(runUntilSignal(broken, log)).rejects.toBe(cause);
});

test("a signal closes and ends with 0; one more while it closes ends at once", async () => {
  const { steps, close } = recordSteps();
  const stopped = new Promise<null>(() => undefined);
  const ended = runUntilSignal({ close, stopped }, log);
  process.emit("SIGTERM");
  await ended;
  expect(steps).toEqual(["closing", "closed", "exit 0"]);
  process.emit("SIGTERM");
  expect(steps.at(-1)).toBe("exit 1");
});
