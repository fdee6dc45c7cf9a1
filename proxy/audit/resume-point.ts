import type { AuditEntry } from "../model/proxy-types.ts";
import { GENESIS, isSamePosition, type ChainPosition } from "./chain-position.ts";
import type { AuditHead } from "./audit-head.ts";
import type { Tail } from "./tail.ts";

export interface ResumePoint {
  /** The new life's first line follows this one. */
  readonly after: ChainPosition;
  /** What the log has to tell about itself first. */
  readonly repairs: readonly AuditEntry[];
  /** No checkpoint covers its last lines. */
  readonly unsigned: boolean;
}

/**
 * How a log goes on after an earlier life. What the head says was written must be there: if it is not, the
 * log goes on behind the missing lines, so that `verify` keeps naming the gap. A line that a crash cut was
 * never committed.
 * @param head null: there is none that counts
 */
export function findResumePoint(tail: Tail, head: AuditHead | null): ResumePoint {
  const last = tail.position ?? GENESIS;
  if (head !== null && hasChanged(last, head)) {
    const missing = head.next.sequence - last.sequence;
    return { after: head.next, repairs: [makeRepairEntry("AUDIT_LOG_CHANGED", missing)], unsigned: true };
  }
  const repairs: AuditEntry[] = [];
  if (head === null && last.sequence > 0) repairs.push(makeRepairEntry("AUDIT_HEAD_MISSING"));
  if (head !== null && !isSamePosition(last, head.done) && !isSamePosition(last, head.next)) {
    repairs.push(makeRepairEntry("AUDIT_LINES_UNSIGNED", last.sequence - head.done.sequence));
  }
  if (tail.torn > 0) repairs.push(makeRepairEntry("AUDIT_LINE_TORN", tail.torn));
  return { after: last, repairs, unsigned: last.sequence > 0 && !tail.signed };
}

/** Committed lines are missing, or the last one is another. */
function hasChanged(last: ChainPosition, { done, next }: AuditHead): boolean {
  if (last.sequence < done.sequence) return true;
  return [done, next].some(({ sequence, hash }) => sequence === last.sequence && hash !== last.hash);
}

/** @param count bytes of a torn line, else lines */
function makeRepairEntry(reason: string, count?: number): AuditEntry {
  const entry = { action: "audit.repair", outcome: "failure", reason } as const;
  return count === undefined ? entry : { ...entry, count };
}
