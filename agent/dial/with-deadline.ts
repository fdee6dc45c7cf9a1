import type { Clock } from "../../protocol/index.ts";

export interface DeadlineOptions {
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Runs an operation of several steps under one deadline. Its signal is aborted with `expired()` at the
 * deadline, and with `abandoned()` when the outer signal is aborted. The steps reject with the signal's
 * reason.
 */
export async function withDeadline<T>(
  { deadlineMs, clock, signal }: DeadlineOptions,
  reasons: { readonly expired: () => Error; readonly abandoned: () => Error },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const giveUp = new AbortController();
  const onAbort = (): void => {
    giveUp.abort(reasons.abandoned());
  };
  if (signal.aborted) throw reasons.abandoned();
  signal.addEventListener("abort", onAbort);
  const cancel = clock.after(deadlineMs, () => {
    giveUp.abort(reasons.expired());
  });
  try {
    return await run(giveUp.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

/** The abort reason of a signal of {@link withDeadline}. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error("aborted");
}
