import { readFileSync, readdirSync } from "node:fs";
import type { ProcessIdentity } from "../model/process-identity.ts";

interface ProcStat {
  readonly state: string;
  readonly startTicks: number;
  readonly residentPages: number;
}

/** Fields 3, 22 and 24 of `/proc/PID/stat`; the name in field 2 may hold spaces and brackets. */
export function parseProcStat(text: string): ProcStat | null {
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .trim()
    .split(" ");
  const [state, startTicks, residentPages] = [fields[0], Number(fields[19]), Number(fields[21])];
  if (state === undefined || !Number.isSafeInteger(startTicks) || !Number.isSafeInteger(residentPages))
    return null;
  return { state, startTicks, residentPages };
}

/** Null: no such process. */
function readProcStat(pid: number): ProcStat | null {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return null;
  }
}

export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

/** Null: the process has ended. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const stat = readProcStat(pid);
  return stat === null ? null : { pid, startTicks: stat.startTicks, bootId: readBootId() };
}

/** Whether it still runs. A zombie has the same start time but is dead. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readProcStat(identity.pid);
  if (stat === null || stat.state === "Z" || stat.state === "X") return false;
  return stat.startTicks === identity.startTicks && readBootId() === identity.bootId;
}

/** Resident memory, in MiB; pages have 4 KiB on the supported machines. */
export function residentMb(identity: ProcessIdentity): number {
  return isAlive(identity) ? ((readProcStat(identity.pid)?.residentPages ?? 0) * 4096) / (1024 * 1024) : 0;
}

/**
 * The process with this text in its command line, the oldest if a shell that is about to become it has children. Finds
 * a process whose launcher died just after starting it.
 */
export function findProcess(text: string): ProcessIdentity | null {
  const found = findProcesses((commandLine) => commandLine.includes(text));
  return found.sort((one, other) => one.startTicks - other.startTicks || one.pid - other.pid)[0] ?? null;
}

/** @param matches gets the command line, its words separated by NUL */
export function findProcesses(matches: (commandLine: string) => boolean): ProcessIdentity[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid) || pid === process.pid) return [];
    try {
      if (!matches(readFileSync(`/proc/${pid}/cmdline`, "utf8"))) return [];
    } catch {
      return [];
    }
    const identity = identifyProcess(pid);
    return identity !== null && isAlive(identity) ? [identity] : [];
  });
}
