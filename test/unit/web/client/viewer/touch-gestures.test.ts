import { expect, it } from "vitest";
import {
  HOLD_MS,
  TouchGestures,
  type Finger,
  type Gesture,
} from "../../../../../web/client/viewer/touch-gestures.ts";
import { ManualTimers } from "./manual-timers.ts";

function open() {
  const told: Gesture[] = [];
  const timers = new ManualTimers();
  const gestures = new TouchGestures((gesture) => told.push(gesture), timers.after);
  return { gestures, timers, told, kinds: () => told.map(({ type }) => type) };
}

const finger = (id: number, x: number, y: number): Finger => ({ id, x, y });

it("one to three fingers that go down and up again are a tap of so many, also when they go one after the other", () => {
  for (const count of [1, 2, 3]) {
    const { gestures, told, timers } = open();
    const all = Array.from({ length: count }, (_, index) => finger(index, 100 + 50 * index, 100));
    for (let down = 1; down <= count; down += 1) gestures.update(all.slice(0, down));
    for (let up = count - 1; up >= 0; up -= 1) gestures.update(all.slice(0, up));
    expect(told.filter(({ type }) => type === "tap")).toMatchObject([
      { fingers: count, at: { x: 100, y: 100 } },
    ]);
    expect(told[0]).toMatchObject({ type: "touch" });
    expect(timers.pending).toBe(0);
  }
});

it("a finger that trembles taps, and one that moves drags from where it went down", () => {
  const { gestures, told } = open();
  gestures.update([finger(1, 100, 100)]);
  gestures.update([finger(1, 104, 103)]);
  gestures.update([]);
  expect(told.at(-1)).toMatchObject({ type: "tap" });
  gestures.update([finger(2, 10, 10)]);
  gestures.update([finger(2, 30, 10)]);
  gestures.update([finger(2, 35, 12)]);
  gestures.update([]);
  expect(told.slice(3)).toEqual([
    { type: "dragStart", at: finger(2, 10, 10) },
    { type: "drag", at: finger(2, 30, 10), by: { x: 20, y: 0 } },
    { type: "drag", at: finger(2, 35, 12), by: { x: 5, y: 2 } },
    { type: "dragEnd", at: finger(2, 35, 12) },
  ]);
});

it("a finger that rests holds until it is lifted, and is no tap", () => {
  const { gestures, timers, kinds } = open();
  gestures.update([finger(1, 5, 5)]);
  timers.pass(HOLD_MS);
  gestures.update([finger(1, 9, 5)]);
  gestures.update([]);
  expect(kinds()).toEqual(["touch", "hold", "drag", "dragEnd"]);
});

it("two fingers side by side scroll, two that part pinch, and neither turns into the other or ends as a tap", () => {
  const pair = (x: number, y: number, gap: number) => [finger(1, x, y), finger(2, x + gap, y)];
  const scroll = open();
  for (const y of [200, 188, 180, 150]) scroll.gestures.update(pair(100, y, 60));
  scroll.gestures.update(pair(100, 150, 160));
  scroll.gestures.update([finger(1, 100, 150)]);
  scroll.gestures.update([finger(1, 160, 190)]);
  scroll.gestures.update([]);
  expect(scroll.kinds()).toEqual(["touch", "scroll", "scroll", "scroll"]);
  expect(scroll.told[1]).toMatchObject({ by: { x: 0, y: -8 } });

  const pinch = open();
  for (const gap of [60, 80, 160]) pinch.gestures.update(pair(100, 200, gap));
  pinch.gestures.update([]);
  expect(pinch.told.slice(1)).toEqual([
    { type: "pinch", at: { x: 180, y: 200 }, by: { x: 40, y: 0 }, factor: 2 },
  ]);
});

it("a second finger ends a drag, and what the browser takes away means nothing", () => {
  const { gestures, kinds, timers } = open();
  gestures.update([finger(1, 0, 0)]);
  gestures.update([finger(1, 40, 0)]);
  gestures.update([finger(1, 40, 0), finger(2, 90, 0)]);
  gestures.update([finger(1, 80, 0), finger(2, 90, 0)]);
  gestures.update([]);
  expect(kinds()).toEqual(["touch", "dragStart", "drag", "dragEnd"]);
  gestures.update([finger(3, 0, 0)]);
  gestures.cancel();
  gestures.update([]);
  expect(kinds().at(-1)).toBe("touch");
  expect(timers.pending).toBe(0);
});
