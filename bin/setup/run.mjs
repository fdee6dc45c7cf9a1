// `node bin/setup/run.mjs PROGRAM [ARGUMENT …]`: runs a tool of node_modules (`eslint`) or a script
// (`test/soak/run.mjs`) on the Node.js that everything else runs on.
import { requireNodeVersion } from "./node-version.mjs";

requireNodeVersion();
const { rerunOnRuntime } = await import("./runtime.mjs");
const { runEntry } = await import("./problem.mjs");
await runEntry(async () => {
  const status = await rerunOnRuntime();
  if (status !== undefined) return status;
  const { runTool } = await import("./tools.mjs");
  return runTool(process.argv.slice(2));
});
