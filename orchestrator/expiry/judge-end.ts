import { hasGuest } from "../../protocol/index.ts";
import type { MachineEnding, MachineRecord } from "../../proxy/index.ts";
import type { Quota } from "../quota/quota.ts";

/** A one-shot machine ends so long after its last viewer left. */
const IDLE_END_MS = 60_000;
/** And so long after it could be connected to, if it never had a viewer. */
const UNSEEN_END_MS = 600_000;
/** A one-shot machine that failed is kept for so long. */
const FAILED_KEEP_MS = 600_000;
/** The owner is warned in the last part of a lifetime. */
const WARNING_SHARE = 0.1;

/** What the server does about a machine now. */
export type EndStep =
  | { readonly kind: "none" }
  /** A viewer came or left. */
  | { readonly kind: "note"; readonly change: Partial<Pick<MachineRecord, "idleSince" | "viewed">> }
  | { readonly kind: "warn" }
  | { readonly kind: "end"; readonly cause: MachineEnding }
  /** The end was decided, and the host has not confirmed it. */
  | { readonly kind: "stop" }
  /** A one-shot machine has ended and is deleted. */
  | { readonly kind: "remove" };

const NONE: EndStep = { kind: "none" };

/** The next step about a machine; called again after each step, until there is none. */
export function judgeEnd(record: MachineRecord, viewers: number, now: number): EndStep {
  const { state, oneShot, ending, expiresAt, lifetimeMs, warnedAt } = record;
  if (oneShot && state === "stopped") return { kind: "remove" };
  // What a host cannot read is deleted by a person only.
  const isDamaged = record.cause?.code === "RECORD_DAMAGED";
  if (oneShot && state === "failed" && !isDamaged && now - record.since >= FAILED_KEEP_MS)
    return { kind: "remove" };
  if (!hasGuest(state)) return NONE;
  if (ending !== null) return { kind: "stop" };
  if (expiresAt !== null && now >= expiresAt) return { kind: "end", cause: "lifetime" };
  const idle = oneShot ? judgeIdle(record, viewers, now) : NONE;
  if (idle.kind !== "none") return idle;
  const isLate = expiresAt !== null && now >= expiresAt - (lifetimeMs ?? 0) * WARNING_SHARE;
  return isLate && warnedAt === null ? { kind: "warn" } : NONE;
}

function judgeIdle({ viewed, idleSince }: MachineRecord, viewers: number, now: number): EndStep {
  if (viewers > 0)
    return viewed && idleSince === null ? NONE : { kind: "note", change: { viewed: true, idleSince: null } };
  if (idleSince === null) return { kind: "note", change: { idleSince: now } };
  return now - idleSince >= (viewed ? IDLE_END_MS : UNSEEN_END_MS) ? { kind: "end", cause: "idle" } : NONE;
}

/** When to check again, at the latest: milliseconds from now. */
export function nextCheckDelay(record: MachineRecord, now: number): number {
  const { expiresAt, lifetimeMs, warnedAt, idleSince, viewed } = record;
  const times: number[] = [];
  if (expiresAt !== null) times.push(expiresAt);
  if (expiresAt !== null && warnedAt === null) times.push(expiresAt - (lifetimeMs ?? 0) * WARNING_SHARE);
  if (idleSince !== null) times.push(idleSince + (viewed ? IDLE_END_MS : UNSEEN_END_MS));
  return Math.max(0, Math.min(...times, Infinity) - now);
}

/**
 * The new end of a run that is extended now: by its lifetime or by `askedMs`, within the quota counted from now.
 * Null: it would end no later than before.
 */
export function planExtension(
  { expiresAt, lifetimeMs }: Pick<MachineRecord, "expiresAt" | "lifetimeMs">,
  quota: Quota,
  askedMs: number | null,
  now: number,
): number | null {
  if (expiresAt === null) return null;
  const wanted = askedMs ?? lifetimeMs ?? 0;
  const most = quota.lifetimeSeconds === null ? Infinity : quota.lifetimeSeconds * 1000;
  const until = now + Math.min(wanted, most);
  return until > expiresAt ? until : null;
}
