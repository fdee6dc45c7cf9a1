import type { AuditEntry } from "../proxy.ts";
import { GENESIS, isSameLink, type Link } from "./chain.ts";
import type { Head } from "./head.ts";
import type { Tail } from "./tail.ts";

export interface Beginning {
  /** The new life's first line follows this one. */
  readonly after: Link;
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
export function chooseBeginning(tail: Tail, head: Head | null): Beginning {
  const last = tail.link ?? GENESIS;
  if (head !== null && hasChanged(last, head)) {
    const missing = head.next.sequence - last.sequence;
    return { after: head.next, repairs: [tellOf("AUDIT_LOG_CHANGED", missing)], unsigned: true };
  }
  const repairs: AuditEntry[] = [];
  if (head === null && last.sequence > 0) repairs.push(tellOf("AUDIT_HEAD_MISSING"));
  if (head !== null && !isSameLink(last, head.done) && !isSameLink(last, head.next)) {
    repairs.push(tellOf("AUDIT_LINES_UNSIGNED", last.sequence - head.done.sequence));
  }
  if (tail.torn > 0) repairs.push(tellOf("AUDIT_LINE_TORN", tail.torn));
  return { after: last, repairs, unsigned: last.sequence > 0 && !tail.signed };
}

/** Committed lines are missing, or the last one is another. */
function hasChanged(last: Link, { done, next }: Head): boolean {
  if (last.sequence < done.sequence) return true;
  return [done, next].some(({ sequence, hash }) => sequence === last.sequence && hash !== last.hash);
}

/** @param count bytes of a torn line, else lines */
function tellOf(reason: string, count?: number): AuditEntry {
  const entry = { action: "audit.repair", outcome: "failure", reason } as const;
  return count === undefined ? entry : { ...entry, count };
}
