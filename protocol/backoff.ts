/**
 * Exponential backoff: a ceiling that doubles with each failure, and a random wait below it. Milliseconds.
 */
export interface BackoffRange {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** @param failures consecutive failures, from 1 */
export function backoffCeiling(range: BackoffRange, failures: number): number {
  return Math.min(range.maxMs, range.firstMs * 2 ** Math.max(0, failures - 1));
}

export interface BackoffOptions {
  /** Consecutive failures, from 1. */
  readonly failures: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: number;
  /** `full`: a wait between 0 and the ceiling; `half`: between half the ceiling and the ceiling. */
  readonly jitter: "full" | "half";
}

export function backoffDelay(range: BackoffRange, { failures, random, jitter }: BackoffOptions): number {
  const ceiling = backoffCeiling(range, failures);
  return jitter === "full" ? random * ceiling : ceiling / 2 + (ceiling / 2) * random;
}
