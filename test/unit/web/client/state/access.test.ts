import { expect, test } from "vitest";
import { accessLevel } from "../../../../../web/api/schemas.ts";
import { allows } from "../../../../../web/client/state/access.ts";

test("each level contains those before it, in the order of the API", () => {
  const levels = accessLevel.options;
  for (const [at, given] of levels.entries())
    expect([given, ...levels.map((wanted) => allows(given, wanted))]).toEqual([
      given,
      ...levels.map((_wanted, index) => index <= at),
    ]);
});
