import { expect, test } from "vitest";
import { ShownDesktops } from "../../../../../web/client/live/shown-desktops.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

function open() {
  const clock = new ManualClock();
  const told: (readonly string[])[] = [];
  const shown = new ShownDesktops(
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
  const hideA = shown.show("a");
  shown.show("b");
  const hideOther = shown.show("b");
  expect(told).toEqual([]);
  clock.advance(200);
  expect(told).toEqual([["a", "b"]]);
  hideA();
  hideA();
  hideOther();
  clock.advance(120_000);
  expect(told).toEqual([["a", "b"], ["b"]]);
  shown.show("c");
  clock.advance(200);
  expect(told.at(-1)).toEqual(["b", "c"]);
});

test("nothing in sight: nothing is told, and no timer is left", () => {
  const { clock, told, shown } = open();
  shown.show("a")();
  clock.advance(200);
  expect([told, clock.pending]).toEqual([[], 0]);
  const hide = shown.show("a");
  clock.advance(200);
  hide();
  clock.advance(120_000);
  expect([told.length, clock.pending]).toEqual([1, 0]);
});

test("of more than the server takes, the first", () => {
  const { clock, told, shown } = open();
  for (let number = 0; number < 65; number += 1) shown.show(String(number));
  clock.advance(200);
  expect(told[0]).toHaveLength(64);
});
