/** What this machine can do for Postern, what it lacks, and what helps. */
export { examineHost, type ExamineOptions } from "./examine-host.ts";
