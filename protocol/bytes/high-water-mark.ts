/** Bytes that may wait in a destination of which nothing is known yet, and of one that drains slowly. */
export const MIN_HIGH_WATER_BYTES = 64 * 1024;
export const MAX_HIGH_WATER_BYTES = 512 * 1024;
/** A mark that drained in less was too small; one that took longer was too large. */
const FAST_MS = 5;
const SLOW_MS = 50;

/** How many bytes may wait in a destination before its source is paused: follows how fast it drains. */
export class HighWaterMark {
  #bytes = MIN_HIGH_WATER_BYTES;
  #pausedAt = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** The source goes on below this. */
  get lowBytes(): number {
    return this.#bytes / 2;
  }

  onPaused(nowMs: number): void {
    this.#pausedAt = nowMs;
  }

  onResumed(nowMs: number): void {
    const took = nowMs - this.#pausedAt;
    if (took < FAST_MS) this.#bytes = Math.min(MAX_HIGH_WATER_BYTES, this.#bytes * 2);
    else if (took > SLOW_MS) this.#bytes = Math.max(MIN_HIGH_WATER_BYTES, this.#bytes / 2);
  }
}
