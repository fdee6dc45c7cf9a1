import { readFileSync, readdirSync } from "node:fs";
import { identifyProcess, isAlive } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";

/**
 * The slirp4netns of a machine; null: none. It is found by QEMU's process id in its command line, so a new launcher
 * finds it too; it must be younger than QEMU.
 */
export function findSlirpProcess(qemu: ProcessIdentity): ProcessIdentity | null {
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid)) continue;
    const [program = "", ...args] = readCommand(pid);
    if (!program.endsWith("/slirp4netns") || args.at(-2) !== String(qemu.pid)) continue;
    const identity = identifyProcess(pid);
    if (identity !== null && isAlive(identity) && identity.startTicks >= qemu.startTicks) return identity;
  }
  return null;
}

function readCommand(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}
