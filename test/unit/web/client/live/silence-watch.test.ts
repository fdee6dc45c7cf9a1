import { expect, it } from "vitest";
import { SilenceWatch } from "../../../../../web/client/live/silence-watch.ts";

function open() {
  let silences = 0;
  let interval = 0;
  let run: (() => void) | null = null;
  const watch = new SilenceWatch(
    () => (silences += 1),
    (ms, tick) => {
      interval = ms;
      run = tick;
      return () => (run = null);
    },
  );
  const tick = (count = 1) => {
    for (let left = count; left > 0; left -= 1) run?.();
  };
  return { watch, tick, silences: () => silences, interval: () => interval };
}

it("a line without a sign of life is silent within 6 s, once", () => {
  const { watch, tick, silences, interval } = open();
  watch.start();
  tick(2);
  expect(silences()).toBe(0);
  tick(5);
  expect(silences()).toBe(1);
  expect(3 * interval()).toBeLessThanOrEqual(6_000);
});

it("a sign of life begins anew, also after a silence", () => {
  const { watch, tick, silences } = open();
  watch.start();
  for (let round = 0; round < 10; round += 1) {
    tick(2);
    watch.hear();
  }
  expect(silences()).toBe(0);
  tick(3);
  watch.hear();
  tick(3);
  expect(silences()).toBe(2);
});

it("nothing is missed before it starts and after it stops", () => {
  const { watch, tick, silences } = open();
  tick(9);
  watch.start();
  watch.stop();
  tick(9);
  expect(silences()).toBe(0);
});
