import { expect, it } from "vitest";
import { PumpMark } from "../../../../protocol/bytes/pump-mark.ts";
import { LARGEST_MARK, SMALLEST_MARK } from "../../../../protocol/index.ts";

/** A mark after destinations that drained it in these times, one after the other. */
function highWaterMarkAfter(...drainedInMs: number[]): number {
  const mark = new PumpMark();
  let now = 1000;
  for (const took of drainedInMs) {
    mark.paused(now);
    now += took;
    mark.resumed(now);
    expect(mark.low).toBe(mark.bytes / 2);
  }
  return mark.bytes;
}

it.each([
  ["nothing is known", [], SMALLEST_MARK],
  ["a fast drain doubles it", [4.9], 2 * SMALLEST_MARK],
  ["what is neither fast nor slow keeps it", [4, 5, 50], 2 * SMALLEST_MARK],
  ["a slow drain halves it", [1, 1, 50.1], 2 * SMALLEST_MARK],
  ["it never falls below the smallest", [60_000, 60_000], SMALLEST_MARK],
  ["it never grows beyond the largest", [1, 1, 1, 1, 1, 1, 1], LARGEST_MARK],
])("%s", (_what, drains, bytes) => {
  expect(highWaterMarkAfter(...drains)).toBe(bytes);
});
