import { readFileSync } from "node:fs";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { PreAuthLimits } from "./pre-auth-connection-limit.ts";

/** Where the system does not say how many files a process may have open. */
const UNKNOWN_DESCRIPTORS = Infinity;

export interface ConnectionShares {
  readonly perSource: number;
  readonly total: number;
}

/**
 * How many unidentified connections there may be, so that at least half of the descriptors are left for
 * sessions and agents.
 */
export interface DescriptorBudget {
  /** Of any protocol, before they are identified. */
  readonly preAuth: PreAuthLimits;
  /** HTTP without sign-in. */
  readonly http: ConnectionShares;
}

export function planDescriptors(descriptors = readDescriptorLimit()): DescriptorBudget {
  const quarter = Math.floor(descriptors / 4);
  const atMost = (count: number, share: number): number =>
    Math.max(1, Math.min(count, Math.floor(quarter / share)));
  return {
    preAuth: {
      connecting: atMost(PROXY_LIMITS.preAuthConnecting, 3),
      viewer: atMost(PROXY_LIMITS.preAuthViewers, 3),
      agent: atMost(PROXY_LIMITS.preAuthAgents, 3),
      perSource: atMost(PROXY_LIMITS.preAuthPerSource, 4),
    },
    http: {
      perSource: atMost(PROXY_LIMITS.httpPerSource, 2),
      total: atMost(PROXY_LIMITS.httpTotal, 1),
    },
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
