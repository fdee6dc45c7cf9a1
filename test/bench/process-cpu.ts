import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, which is 100 on every Linux. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat counted from the one after the name. */
const Field = { parent: 1, userTicks: 11, childrenSystemTicks: 14 } as const;

export interface ProcessTicks {
  readonly pid: number;
  readonly parent: number;
  /** Of the process and of its children that have ended. */
  readonly ticks: number;
}

/** @param stat the text of /proc/PID/stat; the name in parentheses may have blanks and parentheses of its own */
export function parseStat(stat: string): ProcessTicks {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(Field.userTicks, Field.childrenSystemTicks + 1);
  return {
    pid: Number.parseInt(stat, 10),
    parent: Number(fields[Field.parent]),
    ticks: ticks.reduce((sum, value) => sum + Number(value), 0),
  };
}

/** CPU seconds of these processes and of all below them. */
export function sumTrees(processes: readonly ProcessTicks[], roots: readonly number[]): number {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = parents.get(at))
      if (roots.includes(at)) return true;
    return false;
  };
  const ticks = processes.filter(({ pid }) => isBelow(pid)).reduce((sum, { ticks }) => sum + ticks, 0);
  return ticks / TICKS_PER_SECOND;
}

export function readCpuSeconds(roots: readonly number[]): number {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readStat(pid) ?? []);
  return sumTrees(processes, roots);
}

function readStat(pid: string): ProcessTicks | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    // It ended in between.
    return undefined;
  }
}
