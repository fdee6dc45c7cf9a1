import { writeFileSync } from "node:fs";

/**
 * Leaves memory out of core dumps, of this process and of all that it starts: keys, passwords and tokens are in it. Where
 * the system has no such filter, `ulimit -c` is the only means.
 */
export function excludeMemoryFromCoreDumps(): void {
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Not Linux, or no /proc.
  }
}
