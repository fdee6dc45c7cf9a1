import { spawnSync } from "node:child_process";

const PRIORITY = 10;

/**
 * Gives this process and all that it starts a real-time priority, so that nothing else on the machine takes part in the
 * measurement. Returns false where that is not allowed. Round robin, because first in, first out let the main threads of two
 * programs keep all cores from the threads that they waited for, for good.
 */
export function takeRealtimePriority(): boolean {
  const args = ["--all-tasks", "--rr", "--pid", String(PRIORITY), String(process.pid)];
  return spawnSync("chrt", args, { stdio: "ignore" }).status === 0;
}
