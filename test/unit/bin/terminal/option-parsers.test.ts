import { expect, it } from "vitest";
import { parseSize } from "../../../../bin/terminal/option-parsers.ts";

it.each([
  ["MiB", "2048", 2048],
  ["MiB", "512M", 512],
  ["MiB", "8G", 8192],
  ["MiB", "8GiB", 8192],
  ["GiB", "40", 40],
  ["GiB", "40g", 40],
  ["GiB", "1T", 1024],
  ["GiB", "2048MB", 2],
] as const)("in %s, %s is %i", (unit, text, size) => {
  expect(parseSize("--x", unit, 1)(text)).toBe(size);
});

it.each([
  ["GiB", "512M"],
  ["MiB", "8 G"],
  ["MiB", "lots"],
  ["MiB", "0"],
  ["GiB", "-1"],
  ["GiB", "1.5G"],
] as const)("in %s, %s is refused with examples", (unit, text) => {
  expect(() => parseSize("--x", unit, 1)(text)).toThrow(
    expect.objectContaining({
      code: "SIZE",
      message: expect.stringMatching(/^--x .*: write whole/) as string,
    }),
  );
});
