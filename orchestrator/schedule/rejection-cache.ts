import type { Clock } from "../../protocol/index.ts";
import type { Rejection } from "./check-host.ts";

/** For so long no data disk travels to a host for a machine that it refused. */
const REFUSED_MS = 600_000;

/**
 * Hosts that refused a machine or its data disk by themselves, although they seemed to have room: two of them would
 * send the disk to and fro.
 */
export class RejectionCache {
  readonly #known = new Map<string, { readonly why: Rejection; readonly until: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(machineId: string, hostId: string, why: Rejection): void {
    const now = this.#clock.monotonic();
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
    this.#known.set(`${machineId} ${hostId}`, { why, until: now + REFUSED_MS });
  }

  find(machineId: string, hostId: string): Rejection | null {
    const known = this.#known.get(`${machineId} ${hostId}`);
    return known === undefined || known.until <= this.#clock.monotonic() ? null : known.why;
  }
}
