import type { Clock } from "../../protocol/index.ts";

/** More than the few lines of text that firmware shows, less than any boot menu or desktop. */
const DRAWN_RATIO = 0.05;
const POLL_MS = 1000;
/** A guest with a dark text console counts as running after this time. */
const TIMEOUT_MS = 120_000;

/**
 * Waits until a guest has drawn something: one pixel in twenty is not black. A guest that stays dark counts as drawn
 * after two minutes.
 * @param measure the share of the screen that is not black; a failure counts as dark
 * @param onDrawn called at most once
 * @returns stops waiting
 */
export function awaitBoot(clock: Clock, measure: () => Promise<number>, onDrawn: () => void): () => void {
  const begun = clock.monotonic();
  let over = false;
  let cancel: (() => void) | undefined;
  const poll = async (): Promise<void> => {
    const ratio = await measure().catch(() => 0);
    if (over) return;
    if (ratio > DRAWN_RATIO || clock.monotonic() - begun >= TIMEOUT_MS) {
      over = true;
      onDrawn();
      return;
    }
    schedule();
  };
  const schedule = (): void => {
    cancel = clock.after(POLL_MS, () => void poll());
  };
  void poll();
  return () => {
    over = true;
    cancel?.();
  };
}
