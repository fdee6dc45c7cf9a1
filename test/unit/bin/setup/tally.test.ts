import { describe, expect, test } from "vitest";
import { loadSetup } from "./load-setup.ts";

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
const { addTallies, countReport, formatTally, isGreen, listFailures } = await loadSetup<{
  addTallies(...tallies: Tally[]): Tally;
  countReport(report: unknown, exitCode: number): Tally;
  formatTally(tally: Tally): string;
  isGreen(tally: Tally): boolean;
  listFailures(report: unknown, root?: string): string[];
}>("tally.mjs");

const report = (over: object = {}) => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
  ...over,
});

describe("counting vitest's report", () => {
  test("takes its numbers", () => {
    const counted = countReport(report({ numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 }), 1);
    expect(counted).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  test("counts a file that broke before its tests", () => {
    const testResults = [{ status: "failed", assertionResults: [{ status: "skipped" }] }];
    expect(countReport(report({ testResults }), 1).failed).toBe(1);
  });

  test("does not count a file again whose test failed", () => {
    const testResults = [{ status: "failed", assertionResults: [{ status: "failed" }] }];
    expect(countReport(report({ numFailedTests: 1, testResults }), 1).failed).toBe(1);
  });

  test("counts an error outside of all tests, and a report that is missing", () => {
    expect(countReport(report(), 1).failed).toBe(1);
    expect(countReport(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe("naming what failed", () => {
  const file = (name: string, status: string, ...tests: [string, string][]) => ({
    name,
    status,
    assertionResults: tests.map(([fullName, result]) => ({ fullName, status: result })),
  });

  test("gives the tests that did not pass, and files that broke before their tests", () => {
    const testResults = [
      file("/a/test/x.test.ts", "failed", ["adds up", "passed"], ["goes down", "failed"]),
      file("/a/test/y.test.ts", "passed", ["rests", "skipped"]),
      file("/a/test/z.test.ts", "failed"),
    ];
    expect(listFailures(report({ testResults }), "/a")).toEqual([
      "test/x.test.ts > goes down",
      "test/y.test.ts > rests (skipped)",
      "test/z.test.ts",
    ]);
  });

  test("is empty without a report", () => {
    expect(listFailures(undefined)).toEqual([]);
  });
});

describe("the closing line", () => {
  test("adds up", () => {
    const sum = addTallies({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 1 });
    expect(formatTally(sum)).toBe("3 passed, 1 failed, 1 skipped");
    expect(formatTally(addTallies())).toBe("0 passed, 0 failed");
  });

  test("is green only when something passed, and nothing failed or was skipped", () => {
    expect(isGreen({ passed: 3, failed: 0, skipped: 0 })).toBe(true);
    expect(isGreen({ passed: 3, failed: 1, skipped: 0 })).toBe(false);
    expect(isGreen({ passed: 3, failed: 0, skipped: 1 })).toBe(false);
    expect(isGreen({ passed: 0, failed: 0, skipped: 0 })).toBe(false);
  });
});
