import { expect, test } from "vitest";
import { groupLimits } from "../../../../../orchestrator/index.ts";
import {
  checkLimit,
  describeLimits,
  LIMIT_NAMES,
  readLimits,
  writeLimits,
} from "../../../../../web/client/groups/group-limits.ts";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";

const NOTHING = readLimits({});

test("limits are shown in the page's units, and come back as they were", () => {
  const limits = { machines: 5, memoryMb: 8192, lifetimeSeconds: 28_800, cpus: null, may: ["gpu"] };
  const typed = readLimits(limits);
  expect(typed).toEqual({
    ...{ machines: "5", memoryMb: "8", lifetimeSeconds: "8", cpus: "-" },
    ...{ tokens: "", diskGb: "" },
  });
  expect(writeLimits(typed, limits)).toEqual(limits);
  expect(writeLimits({ ...typed, machines: "", diskGb: " 20 " }, limits)).toEqual({
    ...{ memoryMb: 8192, lifetimeSeconds: 28_800, cpus: null, may: ["gpu"], diskGb: 20 },
  });
});

test("what is rounded to be shown is not changed by that", () => {
  const odd = { memoryMb: 1000, lifetimeSeconds: 100 };
  expect(readLimits(odd)).toMatchObject({ memoryMb: "0.98", lifetimeSeconds: "0.03" });
  expect(writeLimits(readLimits(odd), odd)).toEqual(odd);
});

test.each([
  ["machines", "", null],
  ["machines", "0", null],
  ["machines", "—", null],
  ["machines", "1.5", "wrongNumber"],
  ["machines", "-1", "wrongNumber"],
  ["machines", "many", "wrongNumber"],
  ["memoryMb", "1,5", null],
  ["memoryMb", "1.5", null],
  ["memoryMb", "1e9", "wrongAmount"],
  ["lifetimeSeconds", "0", "wrongAmount"],
] as const)("%s as %j: %s", (name, typed, fault) => {
  expect(checkLimit(name, typed)).toBe(fault);
});

test("the server takes whatever the page writes", () => {
  for (const name of LIMIT_NAMES)
    for (const typed of ["", "-", "1"])
      expect(groupLimits.safeParse(writeLimits({ ...NOTHING, [name]: typed }, {})).error).toBeUndefined();
  expect(writeLimits({ ...NOTHING, memoryMb: "1,5" }, {})).toEqual({ memoryMb: 1536 });
});

test("limits are told in a few words", () => {
  const { en, fr } = catalogues;
  expect(describeLimits({}, en)).toBe("");
  expect(describeLimits({ machines: 5, cpus: null, extend: true }, en)).toBe(
    "5 machines, ∞ CPUs, further limits",
  );
  expect(describeLimits({ memoryMb: 2048 }, fr)).toBe("2 Go de mémoire");
});
