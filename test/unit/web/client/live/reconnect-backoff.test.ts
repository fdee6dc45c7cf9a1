import { describe, expect, it } from "vitest";
import { backoffMs } from "../../../../../web/client/live/reconnect-backoff.ts";

const backoff = { firstMs: 1_000, maxMs: 20_000 };

describe("backoffMs", () => {
  it("doubles up to its ceiling", () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(backoff, attempt, 1))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000,
    ]);
    expect(backoffMs(backoff, 5_000, 1)).toBe(20_000);
  });

  it("spreads over the second half of each wait", () => {
    expect(backoffMs(backoff, 3, 0)).toBe(2_000);
    expect(backoffMs(backoff, 3, 0.5)).toBe(3_000);
  });
});
