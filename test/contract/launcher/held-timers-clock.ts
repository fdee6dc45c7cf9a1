import { systemClock, type Clock } from "../../../protocol/index.ts";

/** Timers at least this long stand still until they are let go. */
export const HELD_FROM_MS = 1_000_000;

/** The system's clock, except that long timers wait for the test. */
export class HeldTimersClock implements Clock {
  readonly #held = new Set<() => void>();

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  after(ms: number, run: () => void): () => void {
    if (ms < HELD_FROM_MS) return systemClock.after(ms, run);
    this.#held.add(run);
    return () => {
      this.#held.delete(run);
    };
  }

  get held(): number {
    return this.#held.size;
  }

  /** Runs all held timers now. */
  runHeldTimers(): void {
    const runs = [...this.#held];
    this.#held.clear();
    for (const run of runs) run();
  }
}
