import { describe, expect, it } from "vitest";
import { findNearestInDirection } from "../../../../../web/client/wall/arrow-key-navigation.ts";

// Three in the first row, two in the second.
const spots = [
  { x: 0, y: 0 },
  { x: 100, y: 0 },
  { x: 200, y: 0 },
  { x: 0, y: 80 },
  { x: 100, y: 80 },
];

describe("chooseStep", () => {
  it("goes to the neighbour in the arrow's direction", () => {
    expect(findNearestInDirection(spots, 0, "ArrowRight")).toBe(1);
    expect(findNearestInDirection(spots, 1, "ArrowLeft")).toBe(0);
    expect(findNearestInDirection(spots, 1, "ArrowDown")).toBe(4);
    expect(findNearestInDirection(spots, 4, "ArrowUp")).toBe(1);
  });

  it("goes to the nearest where the column ends", () => {
    expect(findNearestInDirection(spots, 2, "ArrowDown")).toBe(4);
  });

  it("stays where nothing lies that way, or the key is no arrow", () => {
    expect(findNearestInDirection(spots, 2, "ArrowRight")).toBe(-1);
    expect(findNearestInDirection(spots, 0, "ArrowUp")).toBe(-1);
    expect(findNearestInDirection(spots, 0, "Enter")).toBe(-1);
    expect(findNearestInDirection(spots, -1, "ArrowDown")).toBe(-1);
  });
});
