import type { Clock } from "../../../../protocol/index.ts";
import type { Unfit } from "./judge-host.ts";

/** For so long no data disk travels to a host for a machine that it refused. */
const REFUSED_MS = 600_000;

/**
 * Hosts that refused a machine or its data disk by themselves, although they seemed to have room: two of them would
 * send the disk to and fro.
 */
export class Refusals {
  readonly #known = new Map<string, { readonly why: Unfit; readonly until: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(machineId: string, hostId: string, why: Unfit): void {
    const now = this.#clock.monotonic();
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
    this.#known.set(`${machineId} ${hostId}`, { why, until: now + REFUSED_MS });
  }

  find(machineId: string, hostId: string): Unfit | null {
    const known = this.#known.get(`${machineId} ${hostId}`);
    return known === undefined || known.until <= this.#clock.monotonic() ? null : known.why;
  }
}
