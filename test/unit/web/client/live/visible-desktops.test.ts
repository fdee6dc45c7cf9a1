import { expect, test } from "vitest";
import { VisibleDesktops } from "../../../../../web/client/live/visible-desktops.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

function open() {
  const clock = new ManualClock();
  const told: (readonly string[])[] = [];
  const shown = new VisibleDesktops(
    (desktops) => {
      told.push(desktops);
      return Promise.reject(new Error("away"));
    },
    (ms, run) => clock.after(ms, run),
  );
  return { clock, told, shown };
}

test("what comes into sight together is told at once, and again while it is there", () => {
  const { clock, told, shown } = open();
  const hideA = shown.add("a");
  shown.add("b");
  const hideOther = shown.add("b");
  expect(told).toEqual([]);
  clock.advance(200);
  expect(told).toEqual([["a", "b"]]);
  hideA();
  hideA();
  hideOther();
  clock.advance(120_000);
  expect(told).toEqual([["a", "b"], ["b"]]);
  shown.add("c");
  clock.advance(200);
  expect(told.at(-1)).toEqual(["b", "c"]);
});

test("nothing in sight: nothing is told, and no timer is left", () => {
  const { clock, told, shown } = open();
  shown.add("a")();
  clock.advance(200);
  expect([told, clock.pending]).toEqual([[], 0]);
  const hide = shown.add("a");
  clock.advance(200);
  hide();
  clock.advance(120_000);
  expect([told.length, clock.pending]).toEqual([1, 0]);
});

test("of more than the server takes, the first", () => {
  const { clock, told, shown } = open();
  for (let number = 0; number < 65; number += 1) shown.add(String(number));
  clock.advance(200);
  expect(told[0]).toHaveLength(64);
});
