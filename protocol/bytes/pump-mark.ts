/** Bytes that may wait in a destination of which nothing is known yet, and of one that drains slowly. */
export const SMALLEST_MARK = 64 * 1024;
export const LARGEST_MARK = 512 * 1024;
/** A mark that drained in less was too small; one that took longer was too large. */
const FAST_MS = 5;
const SLOW_MS = 50;

/** How many bytes may wait in a destination before its source is paused: follows how fast it drains. */
export class PumpMark {
  #bytes = SMALLEST_MARK;
  #pausedAt = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** The source goes on below this. */
  get low(): number {
    return this.#bytes / 2;
  }

  paused(nowMs: number): void {
    this.#pausedAt = nowMs;
  }

  resumed(nowMs: number): void {
    const took = nowMs - this.#pausedAt;
    if (took < FAST_MS) this.#bytes = Math.min(LARGEST_MARK, this.#bytes * 2);
    else if (took > SLOW_MS) this.#bytes = Math.max(SMALLEST_MARK, this.#bytes / 2);
  }
}
