import { describe, expect, test, vi } from "vitest";
import { awaitBoot } from "../../../../launcher/display/boot-detection.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

describe("boot detection", () => {
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  test("happens at the first look after the guest drew", async () => {
    const clock = new ManualClock();
    const onDrawn = vi.fn();
    let nonBlackRatio = 0.02;
    awaitBoot(clock, () => Promise.resolve(nonBlackRatio), onDrawn);
    await settle();
    clock.advance(1000);
    await settle();
    expect(onDrawn).not.toHaveBeenCalled();
    nonBlackRatio = 0.3;
    clock.advance(1000);
    await settle();
    expect(onDrawn).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  test("a dark guest counts after two minutes, a given-up one never", async () => {
    const clock = new ManualClock();
    const [dark, givenUp] = [vi.fn(), vi.fn()];
    awaitBoot(clock, () => Promise.reject(new Error("no screen")), dark);
    awaitBoot(clock, () => Promise.resolve(1), givenUp)();
    for (let second = 0; second < 119; second++) {
      await settle();
      clock.advance(1000);
    }
    await settle();
    expect(dark).not.toHaveBeenCalled();
    clock.advance(1000);
    await settle();
    expect(dark).toHaveBeenCalledOnce();
    expect(givenUp).not.toHaveBeenCalled();
  });
});
