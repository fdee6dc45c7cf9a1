import { expect, test } from "vitest";
import { readQemuImgProgress } from "../../../../launcher/images/qemu-img.ts";

test.each([
  ["    (0.00/100%)\r", 0],
  ["    (42.50/100%)\r", 0.425],
  ["    (99.01/100%)\r    (100.00/100%)\r", 1],
  ["", undefined],
  ["(4/100%)", undefined],
  ["Image resized.\n", undefined],
])("qemu-img's %j", (output, fraction) => {
  expect(readQemuImgProgress(output)).toBe(fraction);
});
