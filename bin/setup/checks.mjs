import { runCommand } from "./command.mjs";
import { findTool } from "./tools.mjs";

const SOURCE_FOLDERS = ["protocol", "proxy", "agent", "launcher", "orchestrator", "web", "bin"];

const CHECKS = [
  {
    title: "Check the format",
    tool: "prettier",
    args: ["--check", "--log-level", "warn", "."],
  },
  { title: "Check with eslint", tool: "eslint", args: ["."] },
  {
    title: "Check the order of imports",
    tool: "depcruise",
    args: ["--no-progress", ...SOURCE_FOLDERS],
  },
  { title: "Look for dead code", tool: "knip", args: ["--no-progress"] },
  { title: "Check the types", tool: "tsc", args: ["--noEmit", "-p", "tsconfig.test.json"] },
  {
    title: "Check the pages' types",
    tool: "tsc",
    args: ["--noEmit", "-p", "web/client/tsconfig.json"],
  },
];

/**
 * Runs the source checks one after the other. Each counts as one test, and a failed one does not end the run.
 */
export async function checkSources(progress) {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const { title, tool, args } of CHECKS) {
    const outcome = await progress
      .step(title, async (note) => {
        const command = [await findTool(tool), ...args];
        const { code, output } = await runCommand(process.execPath, command, { note });
        if (code !== 0) throw new Error(output);
      })
      .then(
        () => undefined,
        (error) => error.message,
      );
    if (outcome === undefined) {
      tally.passed += 1;
    } else {
      tally.failed += 1;
      progress.say(outcome.trimEnd());
    }
  }
  return tally;
}
