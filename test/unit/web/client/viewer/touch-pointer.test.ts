import { expect, it } from "vitest";
import type { Gesture, Place } from "../../../../../web/client/viewer/touch-gestures.ts";
import {
  POINTER_BUTTONS,
  TouchPointer,
  type TouchMode,
} from "../../../../../web/client/viewer/touch-pointer.ts";
import { ManualTimers } from "./manual-timers.ts";

const { left, middle, right, wheelUp, wheelDown, wheelRight } = POINTER_BUTTONS;

function open(mode: TouchMode, { zoomed = false } = {}) {
  const sent: { x: number; y: number; buttons: number }[] = [];
  const moved: Place[] = [];
  const factors: number[] = [];
  const timers = new ManualTimers();
  const pointer = new TouchPointer(
    mode,
    {
      isZoomed: () => zoomed,
      point: ({ x, y }, buttons) => sent.push({ x, y, buttons }),
      clamp: ({ x, y }) => ({ x: Math.min(Math.max(x, 0), 300), y: Math.min(Math.max(y, 0), 200) }),
      pan: (by) => moved.push(by),
      zoom: (factor) => factors.push(factor),
      reveal: (at) => at,
    },
    { x: 150, y: 100 },
    timers.after,
  );
  const act = (...gestures: Gesture[]) => {
    for (const gesture of gestures) pointer.handle(gesture);
  };
  const buttons = () => sent.map((one) => one.buttons);
  return { act, sent, moved, factors, timers, pointer, buttons };
}

const at = (x: number, y: number): Place => ({ x, y });
const tap = (fingers: number, place: Place): Gesture[] => [
  { type: "touch", at: place },
  { type: "tap", fingers, at: place },
];

it("direct: taps click where the finger is, with the button of their fingers", () => {
  for (const [fingers, button] of [
    [1, left],
    [2, right],
    [3, middle],
  ] as const) {
    const { act, sent } = open("direct");
    act(...tap(fingers, at(40, 50)));
    expect(sent).toEqual([
      { x: 40, y: 50, buttons: 0 },
      { x: 40, y: 50, buttons: button },
      { x: 40, y: 50, buttons: 0 },
    ]);
  }
});

it("direct: two taps nearly at one place are at one place, and later ones are not", () => {
  const { act, sent, timers } = open("direct");
  act(...tap(1, at(40, 50)), ...tap(1, at(52, 44)));
  expect(sent.at(-1)).toEqual({ x: 40, y: 50, buttons: 0 });
  timers.pass(1_000);
  act(...tap(1, at(52, 44)));
  expect(sent.at(-1)).toEqual({ x: 52, y: 44, buttons: 0 });
});

it("direct: a drag holds the left button, a rest the right one, and both let go", () => {
  const { act, buttons } = open("direct");
  act({ type: "dragStart", at: at(1, 1) }, { type: "drag", at: at(20, 20), by: at(19, 19) });
  act({ type: "dragEnd", at: at(20, 20) }, { type: "hold", at: at(5, 5) });
  act({ type: "dragEnd", at: at(5, 5) });
  expect(buttons()).toEqual([left, left, 0, right, 0]);
});

it("two fingers turn the wheel by what they went, and move a zoomed picture in the direct mode", () => {
  const scroll: Gesture[] = [
    { type: "touch", at: at(50, 50) },
    { type: "scroll", at: at(50, 80), by: at(0, 30) },
    { type: "scroll", at: at(50, 155), by: at(0, 75) },
    { type: "scroll", at: at(50, 100), by: at(0, -55) },
    { type: "scroll", at: at(-5, 100), by: at(-55, 0) },
  ];
  const direct = open("direct");
  direct.act(...scroll);
  expect(direct.buttons().filter((one) => one !== 0)).toEqual([wheelUp, wheelUp, wheelDown, wheelRight]);
  const trackpad = open("trackpad", { zoomed: true });
  trackpad.act(...scroll);
  expect(trackpad.buttons().filter((one) => one !== 0)).toEqual([wheelUp, wheelUp, wheelDown, wheelRight]);
  expect(trackpad.sent.every(({ x, y }) => x === 150 && y === 100)).toBe(true);
  const zoomed = open("direct", { zoomed: true });
  zoomed.act(...scroll);
  expect([zoomed.sent, zoomed.moved.length]).toEqual([[], 4]);
});

it("trackpad: a finger pushes the pointer, the faster the further, and never off the picture", () => {
  const { act, sent } = open("trackpad");
  act({ type: "dragStart", at: at(10, 180) }, { type: "drag", at: at(12, 180), by: at(2, 0) });
  const slow = sent.at(-1)!.x - 150;
  expect(sent.at(-1)).toMatchObject({ y: 100, buttons: 0 });
  act({ type: "drag", at: at(32, 180), by: at(20, 0) });
  const fast = sent.at(-1)!.x - 150 - slow;
  expect(fast / 20).toBeGreaterThan(slow / 2);
  act({ type: "drag", at: at(32, 999), by: at(-900, -900) });
  expect(sent.at(-1)).toEqual({ x: 0, y: 0, buttons: 0 });
});

it("trackpad: a tap clicks where the pointer is, once its drag can no longer follow", () => {
  const { act, sent, timers } = open("trackpad");
  act(...tap(1, at(10, 10)));
  expect(sent).toEqual([{ x: 150, y: 100, buttons: left }]);
  timers.pass(1_000);
  expect(sent.at(-1)).toEqual({ x: 150, y: 100, buttons: 0 });
  act(...tap(2, at(10, 10)));
  expect(sent.slice(2).map((one) => one.buttons)).toEqual([0, right, 0]);
});

it("trackpad: a tap and a move at once drag, with the button of the tap; two taps are two clicks", () => {
  const drag = open("trackpad");
  drag.act(...tap(1, at(10, 10)), { type: "touch", at: at(10, 10) });
  drag.timers.pass(1_000);
  drag.act({ type: "dragStart", at: at(10, 10) }, { type: "drag", at: at(30, 10), by: at(20, 0) });
  drag.act({ type: "dragEnd", at: at(30, 10) });
  expect(drag.buttons()).toEqual([left, left, 0]);
  const twice = open("trackpad");
  twice.act(...tap(1, at(10, 10)), ...tap(1, at(10, 10)));
  twice.timers.pass(1_000);
  expect(twice.buttons()).toEqual([left, 0, 0, left, 0]);
});

it("a pinch zooms the picture and presses nothing, and what is held is let go at the end", () => {
  const { act, factors, buttons, pointer } = open("direct");
  act({ type: "pinch", at: at(1, 1), by: at(0, 0), factor: 1.5 });
  expect([factors, buttons()]).toEqual([[1.5], []]);
  act({ type: "dragStart", at: at(1, 1) });
  pointer.stop();
  pointer.stop();
  expect(buttons()).toEqual([left, 0]);
});
