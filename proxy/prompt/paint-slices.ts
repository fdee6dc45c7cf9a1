import { EVENT_LOOP_SLICES, type SliceTiming } from "../limits/slice-timing.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/** Shares a little of each turn of the event loop among all sign-in screens: running sessions do not wait for their painting. */
export class PaintSlices {
  readonly #timing: SliceTiming;
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  constructor(timing: SliceTiming = EVENT_LOOP_SLICES) {
    this.#timing = timing;
  }

  /** Runs a piece of work of a millisecond at most, in the order of the calls. */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timing.yieldTo(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    const end = this.#timing.monotonic() + PROXY_LIMITS.promptSliceMs;
    do this.#waiting.shift()?.();
    while (this.#waiting.length > 0 && this.#timing.monotonic() < end);
    if (this.#waiting.length > 0) this.#schedule();
  };
}
