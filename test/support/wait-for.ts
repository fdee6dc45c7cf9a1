import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 50;
/** Waits of whole programs, on machines that may be busy, are this many times as long; only failures take longer by that. */
const PATIENCE = Number(process.env["POSTERN_TEST_PATIENCE"] ?? 1);

/**
 * Asks `probe` until it gives something other than undefined, null or false, and returns that.
 * A probe that throws has not succeeded yet; its last error is the cause of the timeout.
 * @throws Error after `timeoutMs`, or a multiple of it where the project says so, naming `what`, with `explain()` added.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 10_000, explain = () => "" }: { timeoutMs?: number; explain?: () => string } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const limitMs = timeoutMs * PATIENCE;
  const deadline = performance.now() + limitMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== null && found !== false)
        return found as Exclude<T, undefined | null | false>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${limitMs} ms in vain for ${what}. ${explain()}`, { cause });
    await delay(POLL_MS);
  }
}
