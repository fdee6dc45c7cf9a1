import type { MachineEnding, MachineRecord } from "../../proxy/index.ts";

/** A one-shot machine ends so long after its last viewer left. */
export const IDLE_END_MS = 60_000;
/** And so long after it could be connected to, if nobody ever was. */
export const UNSEEN_END_MS = 600_000;
/** A one-shot machine that failed is shown for so long. */
export const FAILED_KEEP_MS = 600_000;
/** The owner is told in the last part of a lifetime. */
const WARNING_SHARE = 0.1;

/** What the server does about a machine now. */
export type EndStep =
  | { readonly act: "none" }
  /** Somebody came or left. */
  | { readonly act: "note"; readonly change: Partial<Pick<MachineRecord, "idleSince" | "viewed">> }
  | { readonly act: "warn" }
  | { readonly act: "end"; readonly cause: MachineEnding }
  /** It was decided, and the host has not been told, or did not hear. */
  | { readonly act: "stop" }
  /** A one-shot machine is over: nothing of it stays. */
  | { readonly act: "remove" };

const NONE: EndStep = { act: "none" };
const AWAKE = new Set<MachineRecord["state"]>(["booting", "running", "paused"]);

/** The next step about a machine; asked again after each, until there is none. */
export function judgeEnd(record: MachineRecord, viewers: number, now: number): EndStep {
  const { state, oneShot, ending, expiresAt, lifetimeMs, warnedAt } = record;
  if (oneShot && state === "stopped") return { act: "remove" };
  if (oneShot && state === "failed" && now - record.since >= FAILED_KEEP_MS) return { act: "remove" };
  if (!AWAKE.has(state)) return NONE;
  if (ending !== null) return { act: "stop" };
  if (expiresAt !== null && now >= expiresAt) return { act: "end", cause: "lifetime" };
  const idle = oneShot ? judgeIdle(record, viewers, now) : NONE;
  if (idle.act !== "none") return idle;
  const isLate = expiresAt !== null && now >= expiresAt - (lifetimeMs ?? 0) * WARNING_SHARE;
  return isLate && warnedAt === null ? { act: "warn" } : NONE;
}

function judgeIdle({ viewed, idleSince }: MachineRecord, viewers: number, now: number): EndStep {
  if (viewers > 0)
    return viewed && idleSince === null ? NONE : { act: "note", change: { viewed: true, idleSince: null } };
  if (idleSince === null) return { act: "note", change: { idleSince: now } };
  return now - idleSince >= (viewed ? IDLE_END_MS : UNSEEN_END_MS) ? { act: "end", cause: "idle" } : NONE;
}

/** When to look again, at the latest: milliseconds from now. */
export function nextCheckDelay(record: MachineRecord, now: number): number {
  const { expiresAt, lifetimeMs, warnedAt, idleSince, viewed } = record;
  const times: number[] = [];
  if (expiresAt !== null) times.push(expiresAt);
  if (expiresAt !== null && warnedAt === null) times.push(expiresAt - (lifetimeMs ?? 0) * WARNING_SHARE);
  if (idleSince !== null) times.push(idleSince + (viewed ? IDLE_END_MS : UNSEEN_END_MS));
  return Math.max(0, Math.min(...times, Infinity) - now);
}
