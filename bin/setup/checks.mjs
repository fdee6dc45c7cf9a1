import { runCommand } from "./command.mjs";
import { findTool } from "./tools.mjs";

const SOURCE_FOLDERS = ["protocol", "proxy", "agent", "launcher", "orchestrator", "web", "bin"];

const CHECKS = [
  { title: "eslint", tool: "eslint", args: ["."] },
  { title: "format", tool: "prettier", args: ["--check", "--log-level", "warn", "."] },
  { title: "types", tool: "tsc", args: ["--noEmit", "-p", "tsconfig.test.json"] },
  { title: "types of the pages", tool: "tsc", args: ["--noEmit", "-p", "web/client/tsconfig.json"] },
  { title: "order of imports", tool: "depcruise", args: ["--no-progress", ...SOURCE_FOLDERS] },
  { title: "dead code", tool: "knip", args: ["--no-progress"] },
];

/** Two, as eslint alone takes as long as all the others together. */
const AT_ONCE = 2;

/**
 * Runs the checks of the sources, the longest first; each counts as one test, and a failed one does not end the run.
 * `priority` is their niceness.
 */
export async function checkSources(progress, { priority = 0 } = {}) {
  const failures = [];
  const waiting = [...CHECKS];
  const running = new Set();
  await progress.step(`Check the sources (${CHECKS.map(({ title }) => title).join(", ")})`, async (note) => {
    const work = async () => {
      for (let check = waiting.shift(); check; check = waiting.shift()) {
        running.add(check.title);
        note([...running].join(", "));
        const args = [await findTool(check.tool), ...check.args];
        const { code, output } = await runCommand(process.execPath, args, { priority });
        running.delete(check.title);
        if (code !== 0) failures.push({ title: check.title, output });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
  for (const { title, output } of failures) progress.say(`\nFailed: ${title}\n${output.trimEnd()}`);
  return {
    tally: { passed: CHECKS.length - failures.length, failed: failures.length, skipped: 0 },
    failures: failures.map(({ title }) => `sources: ${title}`),
  };
}
