import { expect, it } from "vitest";
import { HighWaterMark } from "../../../../protocol/bytes/high-water-mark.ts";
import { MAX_HIGH_WATER_BYTES, MIN_HIGH_WATER_BYTES } from "../../../../protocol/index.ts";

/** A mark after destinations that drained it in these times, one after the other. */
function highWaterMarkAfter(...drainedInMs: number[]): number {
  const mark = new HighWaterMark();
  let now = 1000;
  for (const took of drainedInMs) {
    mark.onPaused(now);
    now += took;
    mark.onResumed(now);
    expect(mark.lowBytes).toBe(mark.bytes / 2);
  }
  return mark.bytes;
}

it.each([
  ["nothing is known", [], MIN_HIGH_WATER_BYTES],
  ["a fast drain doubles it", [4.9], 2 * MIN_HIGH_WATER_BYTES],
  ["what is neither fast nor slow keeps it", [4, 5, 50], 2 * MIN_HIGH_WATER_BYTES],
  ["a slow drain halves it", [1, 1, 50.1], 2 * MIN_HIGH_WATER_BYTES],
  ["it never falls below the smallest", [60_000, 60_000], MIN_HIGH_WATER_BYTES],
  ["it never grows beyond the largest", [1, 1, 1, 1, 1, 1, 1], MAX_HIGH_WATER_BYTES],
])("%s", (_what, drains, bytes) => {
  expect(highWaterMarkAfter(...drains)).toBe(bytes);
});
