import { describe, expect, test, vi } from "vitest";
import { endMachine } from "../../../../launcher/process/end-machine.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

describe("ending a machine", () => {
  function stage(executes: (command: string) => Promise<unknown>) {
    const machine = { execute: vi.fn(executes), kill: vi.fn() };
    return { machine, clock: new ManualClock() };
  }
  const obedient = (): Promise<unknown> => Promise.resolve({});

  test("button, grace period, quit, three seconds, kill", () => {
    const { machine, clock } = stage(obedient);
    endMachine(machine, 60_000, clock);
    expect(machine.execute.mock.calls).toEqual([["system_powerdown"]]);
    clock.advance(59_999);
    expect(machine.execute).toHaveBeenCalledTimes(1);
    clock.advance(1);
    expect(machine.execute).toHaveBeenLastCalledWith("quit");
    clock.advance(2999);
    expect(machine.kill).not.toHaveBeenCalled();
    clock.advance(1);
    expect(machine.kill).toHaveBeenCalledOnce();
  });

  test("by force it begins with quit; without QMP it is killed at once", async () => {
    const { machine, clock } = stage(() => Promise.reject(new Error("no QMP")));
    endMachine(machine, null, clock);
    await vi.waitFor(() => {
      expect(machine.kill).toHaveBeenCalledOnce();
    });
  });

  test("given up, nothing more happens", () => {
    const { machine, clock } = stage(obedient);
    endMachine(machine, 1000, clock)();
    clock.advance(100_000);
    expect(machine.execute).toHaveBeenCalledTimes(1);
    expect(machine.kill).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });
});
