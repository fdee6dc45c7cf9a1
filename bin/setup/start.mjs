// `npm start`: everything on one machine, from a fresh checkout.
import { requireNodeVersion } from "./node-version.mjs";

requireNodeVersion();
// Only now: what follows is written for a Node.js that passed.
const { startAll } = await import("./start-all.mjs");
const { runEntry } = await import("./problem.mjs");
await runEntry(() => startAll(process.argv.slice(2)));
