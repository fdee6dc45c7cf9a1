import { expect, it } from "vitest";
import { countSessionsPerCore, median, medianFigures, quantile } from "../../bench/figures.ts";

it("takes the middle of a list, whatever its order", () => {
  expect(median([10, 9, 1])).toBe(9);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});

it("takes a quantile that is one of the values", () => {
  const list = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantile(list, 0.99)).toBe(100);
  expect(quantile(list, 0.5)).toBe(51);
  expect(quantile([7], 1)).toBe(7);
});

it("takes the median of each figure over the runs that have it", () => {
  expect(medianFigures([{ a: 1, b: 5 }, { a: 3 }, { a: 2 }])).toEqual({ a: 2, b: 5 });
});

it("says how many sessions one core carries", () => {
  expect(countSessionsPerCore(2.4)).toBe(25);
});
