import { expect, test } from "vitest";
import { chooseRestartDelay } from "../../../../bin/programs/host-process.ts";

test("a host that was refused is started again seldom, any other at once", () => {
  expect(chooseRestartDelay(4)).toBeGreaterThanOrEqual(30_000);
  for (const code of [null, 0, 1, 70]) expect(chooseRestartDelay(code)).toBeLessThanOrEqual(1000);
});
