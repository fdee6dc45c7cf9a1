import { readFileSync } from "node:fs";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/** Where the system does not say how many files a process may have open. */
const UNKNOWN_DESCRIPTORS = Infinity;

export interface ConnectionShares {
  readonly perSource: number;
  readonly total: number;
}

/**
 * How many connections that nobody has identified there may be, so that at least half of the descriptors are left for
 * sessions and agents.
 */
export interface DescriptorBudget {
  /** Of any protocol, before they are identified. */
  readonly unadmitted: ConnectionShares;
  /** HTTP without sign-in. */
  readonly http: ConnectionShares;
}

export function planDescriptors(descriptors = readDescriptorLimit()): DescriptorBudget {
  const quarter = Math.floor(descriptors / 4);
  const share = (perSource: number, total: number): ConnectionShares => ({
    perSource: Math.max(1, Math.min(perSource, Math.floor(quarter / 2))),
    total: Math.max(1, Math.min(total, quarter)),
  });
  return {
    unadmitted: share(PROXY_LIMITS.unadmittedPerSource, PROXY_LIMITS.unadmittedTotal),
    http: share(PROXY_LIMITS.httpPerSource, PROXY_LIMITS.httpTotal),
  };
}

function readDescriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? UNKNOWN_DESCRIPTORS : Number(soft);
  } catch {
    return UNKNOWN_DESCRIPTORS;
  }
}
