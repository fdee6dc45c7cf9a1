import { describe, expect, test } from "vitest";
import { RECONNECT_BACKOFF } from "../../../agent/agent-limits.ts";
import { backoffCeiling, backoffDelay } from "../../../protocol/backoff.ts";

/** mulberry32: the same numbers at every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("backoff", () => {
  test("the ceiling doubles up to its limit", () => {
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 7, 2000].map((failures) =>
      backoffCeiling(RECONNECT_BACKOFF.normal, failures),
    );
    expect(ceilings).toEqual([250, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  test("full jitter: anything from nothing to the ceiling, spread evenly", () => {
    const random = seededRandom(7);
    const delays = Array.from({ length: 2000 }, () =>
      backoffDelay(RECONNECT_BACKOFF.normal, { failures: 6, random: random(), jitter: "full" }),
    );
    expect(Math.min(...delays)).toBeLessThan(100);
    expect(Math.max(...delays)).toBeGreaterThan(7900);
    expect(Math.max(...delays)).toBeLessThan(8000);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(mean).toBeGreaterThan(3700);
    expect(mean).toBeLessThan(4300);
  });

  test("half jitter: the second half of each wait", () => {
    const range = { firstMs: 1_000, maxMs: 20_000 };
    const delay = (failures: number, random: number) =>
      backoffDelay(range, { failures, random, jitter: "half" });
    expect([1, 2, 3, 4, 5, 6, 7].map((failures) => delay(failures, 1))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000,
    ]);
    expect(delay(5_000, 1)).toBe(20_000);
    expect(delay(3, 0)).toBe(2_000);
    expect(delay(3, 0.5)).toBe(3_000);
  });
});
