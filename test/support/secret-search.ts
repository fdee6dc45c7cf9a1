import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { CleanupStack } from "./cleanup-stack.ts";
import { findCanaries, type Canary } from "./capture/canaries.ts";

/** Records every program that a process and its children start, arguments and environment in full. */
export interface ExecRecord {
  /** Goes before the program on its command line. */
  readonly via: readonly string[];
  /** One line for each program. */
  read(): Promise<string>;
}

export async function recordExecs(cleanup: CleanupStack): Promise<ExecRecord> {
  const file = path.join(await cleanup.makeFolder(), "execs");
  // -D: the program stays our child, so that signals reach it and not strace.
  const how = ["-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve", "-e", "signal=none"];
  return {
    via: ["strace", ...how, "-v", "-s", "1000000", "-o", file],
    read: () => readFile(file, "utf8"),
  };
}

/** Which files below a folder hold which of these, by path from there; sockets are passed over. */
export async function findInFiles(
  folder: string,
  canaries: readonly Canary[],
): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const canariesThere = findCanaries(await readFile(file), canaries);
    if (canariesThere.length > 0)
      found[path.relative(folder, file)] = [...new Set(canariesThere.map((name) => name.split(" (")[0]!))];
  }
  return found;
}
