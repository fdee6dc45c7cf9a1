import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 50;

/**
 * Asks `probe` until it gives something other than undefined, null or false, and returns that.
 * A probe that throws has not succeeded yet; its last error is the cause of the timeout.
 * @throws Error after `timeoutMs`, naming `what`, with `explain()` added.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 10_000, explain = () => "" }: { timeoutMs?: number; explain?: () => string } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
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
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}. ${explain()}`, { cause });
    await delay(POLL_MS);
  }
}
