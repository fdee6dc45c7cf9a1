/** Exponential backoff with full jitter: anything from nothing to a ceiling that doubles. Milliseconds. */
export interface BackoffRange {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const BACKOFF = {
  /** Agents are back within 10 s of their server's return. */
  normal: { firstMs: 250, maxMs: 8_000 },
  /** Where coming back soon would only disturb: another connection of the same key has won. */
  slow: { firstMs: 5_000, maxMs: 60_000 },
} as const satisfies Record<string, BackoffRange>;
export type BackoffKind = keyof typeof BACKOFF;

/** @param failures in a row, from 1 */
export function backoffCeiling(pace: BackoffRange, failures: number): number {
  return Math.min(pace.maxMs, pace.firstMs * 2 ** Math.max(0, failures - 1));
}

/** @param dice from 0 up to, not including, 1 */
export function backoffDelay(pace: BackoffRange, failures: number, dice: number): number {
  return dice * backoffCeiling(pace, failures);
}
