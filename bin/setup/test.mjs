// `npm test`: sets up what the tests need, checks the sources, runs every test. `npm test -- unit` runs one project.
import { requireNodeVersion } from "./node-version.mjs";

requireNodeVersion();
const { testAll } = await import("./test-all.mjs");
const { runEntry } = await import("./problem.mjs");
await runEntry(() => testAll(process.argv.slice(2)));
