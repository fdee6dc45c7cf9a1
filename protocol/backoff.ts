/** Exponential backoff: a ceiling that doubles with each failure, and a random wait below it. Milliseconds. */
export interface BackoffRange {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** @param failures in a row, from 1 */
export function backoffCeiling(range: BackoffRange, failures: number): number {
  return Math.min(range.maxMs, range.firstMs * 2 ** Math.max(0, failures - 1));
}

export interface BackoffOptions {
  /** In a row, from 1. */
  readonly failures: number;
  /** From 0 up to, not including, 1. */
  readonly random: number;
  /** `full`: from nothing to the ceiling; `half`: the upper half of that. */
  readonly jitter: "full" | "half";
}

export function backoffDelay(range: BackoffRange, { failures, random, jitter }: BackoffOptions): number {
  const ceiling = backoffCeiling(range, failures);
  return jitter === "full" ? random * ceiling : ceiling / 2 + (ceiling / 2) * random;
}
