/** How long to wait before an attempt: doubling, capped, spread over its second half so that pages do not return in step. */
export interface ReconnectBackoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const EVENT_STREAM_BACKOFF: ReconnectBackoff = { firstMs: 1_000, maxMs: 20_000 };
export const VIEWER_BACKOFF: ReconnectBackoff = { firstMs: 600, maxMs: 15_000 };

/** `attempt` counts from 1; `random` is in [0, 1). */
export function backoffMs(backoff: ReconnectBackoff, attempt: number, random: number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
