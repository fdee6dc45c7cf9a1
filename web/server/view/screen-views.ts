import type { Clock } from "../../../protocol/index.ts";

/** Between two looks of one person at one screen: from then on it is a new look. */
const PAUSE_MS = 600_000;

/** Who looks at whose screen: a page asks for pictures all the time, and is written down once. */
export class ScreenViews {
  readonly #clock: Clock;
  readonly #latest = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a look begins, rather than goes on. */
  beginsView(userId: string, machineId: string): boolean {
    const now = this.#clock.monotonic();
    this.#forget(now);
    const key = `${userId} ${machineId}`;
    const isNew = !this.#latest.has(key);
    // Behind all others: the map's order is that of the latest looks.
    this.#latest.delete(key);
    this.#latest.set(key, now);
    return isNew;
  }

  #forget(now: number): void {
    for (const [key, at] of this.#latest) {
      if (now - at < PAUSE_MS) return;
      this.#latest.delete(key);
    }
  }
}
