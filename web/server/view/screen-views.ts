import type { Clock } from "../../../protocol/index.ts";

/** After a pause of this length a person's next request for a screen is a new view. */
const PAUSE_MS = 600_000;

/** Views of other people's screens: a page asks for screenshots all the time, and each view is audited once. */
export class ScreenViews {
  readonly #clock: Clock;
  readonly #latest = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a new view begins. */
  beginsView(userId: string, machineId: string): boolean {
    const now = this.#clock.monotonic();
    this.#forget(now);
    const key = `${userId} ${machineId}`;
    const isNew = !this.#latest.has(key);
    // At the end: the map is ordered by the latest request.
    this.#latest.delete(key);
    this.#latest.set(key, now);
    return isNew;
  }

  /** The view did not take place after all. */
  forgetView(userId: string, machineId: string): void {
    this.#latest.delete(`${userId} ${machineId}`);
  }

  #forget(now: number): void {
    for (const [key, at] of this.#latest) {
      if (now - at < PAUSE_MS) return;
      this.#latest.delete(key);
    }
  }
}
