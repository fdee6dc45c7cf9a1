import { expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../../proxy/model/proxy-limits.ts";
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
  tick(5);
  expect(silences()).toBe(0);
  tick(7);
  expect(silences()).toBe(1);
  expect(6 * interval()).toBeLessThanOrEqual(6_000);
});

it("a sign of life begins anew, also after a silence", () => {
  const { watch, tick, silences } = open();
  watch.start();
  for (let round = 0; round < 10; round += 1) {
    tick(5);
    watch.hear();
  }
  expect(silences()).toBe(0);
  tick(6);
  watch.hear();
  tick(6);
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

it("it never takes a line for silent before the server drops what was typed into it", () => {
  const { watch, tick, silences, interval } = open();
  watch.start();
  let ticks = 0;
  while (silences() === 0) {
    tick();
    ticks += 1;
  }
  // The last sign of life may have come just before the first tick.
  expect((ticks - 1) * interval()).toBeGreaterThanOrEqual(PROXY_LIMITS.inputFreshMs);
});
