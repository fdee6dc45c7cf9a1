import { spawnSync } from "node:child_process";

const PRIORITY = 10;

/**
 * Gives this process and all that it starts a real-time priority, so that nothing else on the machine takes part in the
 * measurement. Returns false where that is not allowed.
 */
export function takeRealtimePriority(): boolean {
  const args = ["--all-tasks", "--fifo", "--pid", String(PRIORITY), String(process.pid)];
  return spawnSync("chrt", args, { stdio: "ignore" }).status === 0;
}
