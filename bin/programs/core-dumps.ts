import { writeFileSync } from "node:fs";

/**
 * Excludes memory from core dumps of this process and its children: it contains keys, passwords and tokens.
 * On systems without such a filter, `ulimit -c` is the only means.
 */
export function excludeMemoryFromCoreDumps(): void {
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Not Linux, or no /proc.
  }
}
