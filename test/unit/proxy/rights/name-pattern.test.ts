import { describe, expect, it } from "vitest";
import { literalPrefix, matchesPattern } from "../../../../proxy/rights/name-pattern.ts";

describe("a pattern", () => {
  it.each<[string, string, boolean]>([
    ["lab-1", "lab-1", true],
    ["lab-1", "lab-12", false],
    ["lab-*", "lab-", true],
    ["lab-?", "lab-", false],
    ["*", "", true],
    ["?*", "x", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["*-1", "lab-1-1", true],
    ["[a]+", "[a]+", true],
    ["a.c", "abc", false],
    ["**", "x", true],
    ["", "x", false],
  ])("%s for %s: %s", (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  it("begins with what is before its first star or question mark", () => {
    expect(["lab-*", "lab-?1*", "*x", "plain"].map(literalPrefix)).toEqual(["lab-", "lab-", "", "plain"]);
  });
});
