import { describe, expect, test, vi } from "vitest";
import { awaitBoot } from "../../../../launcher/display/boot-detection.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

describe("boot detection", () => {
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  const look = (nonBlackRatio: number, picture: string, litRatio = nonBlackRatio) => ({
    ...{ nonBlackRatio, litRatio, picture },
  });

  /** The second at which a guest counts as drawn that shows these pictures, one a second; the last one stays. */
  async function findSecond(pictures: readonly ReturnType<typeof look>[]): Promise<number> {
    const clock = new ManualClock();
    const onDrawn = vi.fn();
    let at = 0;
    const next = () => Promise.resolve(pictures[Math.min(at, pictures.length - 1)]!);
    awaitBoot(clock, next, onDrawn);
    for (; at < 200;) {
      await settle();
      if (onDrawn.mock.calls.length > 0) return at;
      at += 1;
      clock.advance(1000);
    }
    return Number.POSITIVE_INFINITY;
  }
  const text = (picture: string) => look(0, picture, 0.01);

  test("a text console that waits for somebody is there after ten seconds", async () => {
    expect(await findSecond([text("a"), text("b"), text("login:")])).toBe(12);
  });

  test("a cursor that blinks is no change, text that goes on is", async () => {
    const blinking = Array.from({ length: 60 }, (_, second) => text(second % 2 === 0 ? "on" : "off"));
    expect(await findSecond(blinking)).toBe(11);
    const scrolling = Array.from({ length: 60 }, (_, second) => text(`line ${second}`));
    expect(await findSecond(scrolling)).toBe(69);
  });

  test("a cursor alone, and a dark screen, are no text", async () => {
    expect(await findSecond([look(0, "cursor", 0.0005)])).toBe(120);
    const gone = [...Array.from({ length: 8 }, () => text("kernel")), look(0, "dark"), text("kernel")];
    expect(await findSecond(gone)).toBe(19);
  });

  test("happens at the first look after the guest drew", async () => {
    const clock = new ManualClock();
    const onDrawn = vi.fn();
    let screen = look(0.02, "text");
    awaitBoot(clock, () => Promise.resolve(screen), onDrawn);
    await settle();
    clock.advance(1000);
    await settle();
    expect(onDrawn).not.toHaveBeenCalled();
    screen = look(0.3, "menu");
    clock.advance(1000);
    await settle();
    expect(onDrawn).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  test("a dark guest counts after two minutes, a given-up one never", async () => {
    const clock = new ManualClock();
    const [dark, givenUp] = [vi.fn(), vi.fn()];
    awaitBoot(clock, () => Promise.reject(new Error("no screen")), dark);
    awaitBoot(clock, () => Promise.resolve(look(1, "desktop")), givenUp)();
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
