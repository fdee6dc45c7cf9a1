const NOTHING = { passed: 0, failed: 0, skipped: 0 };

export function addTallies(...tallies) {
  return tallies.reduce(
    (sum, tally) => ({
      passed: sum.passed + tally.passed,
      failed: sum.failed + tally.failed,
      skipped: sum.skipped + tally.skipped,
    }),
    NOTHING,
  );
}

/**
 * Counts vitest's JSON report. A file that failed before its first test counts as one failure, and so does a
 * run that failed outside of any test or left no report (`report` undefined).
 */
export function countReport(report, exitCode) {
  if (report === undefined) return { ...NOTHING, failed: 1 };
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every(({ status }) => status !== "failed"),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** What failed or was skipped in vitest's JSON report, as `FILE > TEST` lines; a broken file by its name alone. */
export function listFailures(report, root = "") {
  return (report?.testResults ?? []).flatMap((file) => {
    const name = file.name.startsWith(`${root}/`) ? file.name.slice(root.length + 1) : file.name;
    const tests = file.assertionResults.filter(({ status }) => status !== "passed");
    if (tests.length === 0) return file.status === "failed" ? [name] : [];
    return tests.map(
      ({ fullName, status }) => `${name} > ${fullName}${status === "failed" ? "" : ` (${status})`}`,
    );
  });
}

export function formatTally({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

/** A skipped test fails the run like a failed one, because it proves nothing. */
export function isGreen({ passed, failed, skipped }) {
  return passed > 0 && failed === 0 && skipped === 0;
}
