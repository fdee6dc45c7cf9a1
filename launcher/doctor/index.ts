/** What this machine can do for Postern, what it lacks, and what helps. */
export { examineHost } from "./examine-host.ts";
