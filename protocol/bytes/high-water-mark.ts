/** The initial mark, and the smallest one, for a destination that drains slowly. */
export const MIN_HIGH_WATER_BYTES = 64 * 1024;
export const MAX_HIGH_WATER_BYTES = 512 * 1024;
/** The mark is raised if the destination drained faster than FAST_MS, and lowered if slower than SLOW_MS. */
const FAST_MS = 5;
const SLOW_MS = 50;

/** How many bytes may wait in a destination before its source is paused. Adapts to the drain speed. */
export class HighWaterMark {
  #bytes = MIN_HIGH_WATER_BYTES;
  #pausedAt = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** The source is resumed below this. */
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
