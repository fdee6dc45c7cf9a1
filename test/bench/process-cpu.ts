import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, which is 100 on every Linux. */
const TICKS_PER_SECOND = 100;
const NS_PER_SECOND = 1e9;
/** Fields of /proc/PID/stat counted from the one after the name. */
const Field = {
  parent: 1,
  userTicks: 11,
  systemTicks: 12,
  childrenUserTicks: 13,
  childrenSystemTicks: 14,
} as const;

export interface ProcessCpu {
  readonly pid: number;
  readonly parent: number;
  /** CPU seconds of the process and of its children that have ended. */
  readonly seconds: number;
}

/**
 * @param stat the text of /proc/PID/stat; the name in parentheses may have blanks and parentheses of its own
 * @param schedstats those of its threads: nanoseconds where stat has hundredths of a second, but without the threads that
 *   have ended
 */
export function parseProcess(stat: string, schedstats: readonly string[]): ProcessCpu {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticksOf = (...indices: number[]): number =>
    indices.reduce((sum, index) => sum + Number(fields[index]), 0) / TICKS_PER_SECOND;
  const threads = schedstats.reduce((sum, text) => sum + Number.parseInt(text, 10), 0) / NS_PER_SECOND;
  return {
    pid: Number.parseInt(stat, 10),
    parent: Number(fields[Field.parent]),
    seconds:
      Math.max(ticksOf(Field.userTicks, Field.systemTicks), threads) +
      ticksOf(Field.childrenUserTicks, Field.childrenSystemTicks),
  };
}

/** CPU seconds of these processes and of all below them. */
export function sumTrees(processes: readonly ProcessCpu[], roots: readonly number[]): number {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = parents.get(at))
      if (roots.includes(at)) return true;
    return false;
  };
  return processes.filter(({ pid }) => isBelow(pid)).reduce((sum, { seconds }) => sum + seconds, 0);
}

export function readCpuSeconds(roots: readonly number[]): number {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readProcess(`/proc/${pid}`) ?? []);
  return sumTrees(processes, roots);
}

function readProcess(folder: string): ProcessCpu | undefined {
  try {
    const threads = readdirSync(`${folder}/task`).map((thread) => `${folder}/task/${thread}/schedstat`);
    return parseProcess(
      readFileSync(`${folder}/stat`, "latin1"),
      threads.map((file) => readFileSync(file, "latin1")),
    );
  } catch {
    // It ended in between.
    return undefined;
  }
}
