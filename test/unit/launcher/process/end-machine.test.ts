import { describe, expect, test, vi } from "vitest";
import { endMachine } from "../../../../launcher/process/end-machine.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

describe("ending a machine", () => {
  function stage(executes: (command: string) => Promise<unknown>) {
    const machine = { execute: vi.fn(executes), kill: vi.fn() };
    return { machine, clock: new ManualClock() };
  }
  const obedient = (): Promise<unknown> => Promise.resolve({});

  test("button again and again, grace period, quit, three seconds, kill", () => {
    const { machine, clock } = stage(obedient);
    endMachine(machine, 12_000, clock);
    expect(machine.execute.mock.calls).toEqual([["system_powerdown"]]);
    clock.advance(11_999);
    expect(machine.execute.mock.calls).toEqual(Array(3).fill(["system_powerdown"]));
    clock.advance(1);
    expect(machine.execute).toHaveBeenLastCalledWith("quit");
    clock.advance(2999);
    expect(machine.execute).toHaveBeenCalledTimes(4);
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

  test("a guest that hears the button late ends by it: without QMP at first, it is pressed again", () => {
    let connected = false;
    const { machine, clock } = stage(() =>
      connected ? Promise.resolve({}) : Promise.reject(new Error("no QMP")),
    );
    const giveUp = endMachine(machine, 60_000, clock);
    connected = true;
    clock.advance(5000);
    expect(machine.execute.mock.calls).toEqual([["system_powerdown"], ["system_powerdown"]]);
    // QEMU has ended: nothing more happens.
    giveUp();
    clock.advance(100_000);
    expect(machine.execute).toHaveBeenCalledTimes(2);
    expect(machine.kill).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
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
