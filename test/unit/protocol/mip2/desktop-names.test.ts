import { expect, test } from "vitest";
import { desktopName, machineDesktopNames, sharesDesktopNames } from "../../../../protocol/index.ts";

test("screens are numbered from the second on", () => {
  expect(machineDesktopNames({ name: "lab", monitors: 1 })).toEqual(["lab"]);
  expect(machineDesktopNames({ name: "lab", monitors: 4 })).toEqual(["lab", "lab-2", "lab-3", "lab-4"]);
});

test("the longest name has room for its numbers", () => {
  const [first, second] = machineDesktopNames({ name: "n".repeat(64), monitors: 2 });
  expect(first).toHaveLength(64);
  expect(second).toBe(`${"n".repeat(62)}-2`);
  expect(desktopName.safeParse(second).success).toBe(true);
});

test.each([
  [{ name: "lab", monitors: 2 }, { name: "lab-2", monitors: 1 }, true],
  [{ name: "lab", monitors: 2 }, { name: "lab-3", monitors: 1 }, false],
  [{ name: "lab", monitors: 1 }, { name: "lab-2", monitors: 4 }, false],
  [{ name: "lab", monitors: 4 }, { name: "lab", monitors: 1 }, true],
  [{ name: `${"n".repeat(63)}a`, monitors: 2 }, { name: `${"n".repeat(63)}b`, monitors: 2 }, true],
])("%j and %j share a name: %s", (one, other, shared) => {
  expect(sharesDesktopNames(one, other)).toBe(shared);
  expect(sharesDesktopNames(other, one)).toBe(shared);
});
