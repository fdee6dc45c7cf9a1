// `npm test`: installs what the tests need, checks the sources, runs every test. `npm test -- unit` runs one
// project.
import { requireNodeVersion } from "./node-version.mjs";

requireNodeVersion();
const { rerunOnRuntime } = await import("./runtime.mjs");
const { runEntry } = await import("./problem.mjs");
await runEntry(async () => {
  const status = await rerunOnRuntime();
  if (status !== undefined) return status;
  const { testAll } = await import("./test-all.mjs");
  return testAll(process.argv.slice(2));
});
