// `npm start`: everything on one machine, from a fresh checkout.
import { requireNodeVersion } from "./node-version.mjs";

requireNodeVersion();
// Imported late: these files need a Node.js that passed the check.
const { rerunOnRuntime } = await import("./runtime.mjs");
const { runEntry } = await import("./problem.mjs");
await runEntry(async () => {
  const status = await rerunOnRuntime();
  if (status !== undefined) return status;
  const { startAll } = await import("./start-all.mjs");
  return startAll(process.argv.slice(2));
});
