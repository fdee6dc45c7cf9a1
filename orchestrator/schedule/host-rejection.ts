import { isPosternError, machineCause, type Clock } from "../../protocol/index.ts";
import { describeForOwner } from "../orchestrator-errors.ts";
import { UNANSWERED } from "./explain-waiting.ts";
import type { Rejection } from "./candidate.ts";

/** Codes of requests that the host did not answer. */
const UNREACHABLE_CODES = new Set(["HOST_OFFLINE", "HOST_TIMEOUT", "HOST_BUSY"]);
/** Codes after which the data disk has to be located again. */
const DISK_MOVED_CODES = new Set(["DISK_TRAVELS", "DISK_AWAY", "DISK_UNKNOWN", "DISK_JOURNEY"]);
/** For so long no data disk is sent to a host for a machine that it rejected. */
const REFUSED_MS = 600_000;

/** What an error that a host answered with means for a machine. */
export function describeHostRejection(error: unknown): Rejection {
  if (isPosternError(error) && UNREACHABLE_CODES.has(error.code))
    return { kind: "noAnswer", why: UNANSWERED };
  const isPassing = isPosternError(error) && DISK_MOVED_CODES.has(error.code);
  const { code, message } = describeForOwner(error);
  const cause = machineCause.safeParse({ code }).data;
  return { kind: isPassing ? "notNow" : "never", why: message, ...(cause && { cause }) };
}

/**
 * Hosts that rejected a machine or its data disk although they seemed to have enough free space: without this, two of
 * them would send the disk back and forth.
 */
export class RejectionCache {
  readonly #known = new Map<string, { readonly rejection: Rejection; readonly until: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(machineId: string, hostId: string, rejection: Rejection): void {
    const now = this.#clock.monotonic();
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
    this.#known.set(`${machineId} ${hostId}`, { rejection, until: now + REFUSED_MS });
  }

  find(machineId: string, hostId: string): Rejection | null {
    const known = this.#known.get(`${machineId} ${hostId}`);
    return known === undefined || known.until <= this.#clock.monotonic() ? null : known.rejection;
  }
}
