import type { Clock } from "../../protocol/index.ts";

/** More than firmware's few lines of text ever light, less than any boot menu or desktop does. */
const DRAWN_RATIO = 0.05;
const LOOK_EVERY_MS = 1000;
/** A guest with a dark text console counts as running after this long. */
const LONG_ENOUGH_MS = 120_000;

/**
 * Waits until a guest has drawn something of its own: one pixel in twenty is not black. A guest that stays dark gets
 * two minutes, then it counts as drawn all the same.
 * @param measureLight the share of the screen that is not black; a failure counts as dark
 * @param onDrawn called once at most
 * @returns gives up waiting
 */
export function awaitBoot(
  clock: Clock,
  measureLight: () => Promise<number>,
  onDrawn: () => void,
): () => void {
  const begun = clock.monotonic();
  let over = false;
  let cancel: (() => void) | undefined;
  const look = async (): Promise<void> => {
    const light = await measureLight().catch(() => 0);
    if (over) return;
    if (light > DRAWN_RATIO || clock.monotonic() - begun >= LONG_ENOUGH_MS) {
      over = true;
      onDrawn();
      return;
    }
    schedule();
  };
  const schedule = (): void => {
    cancel = clock.after(LOOK_EVERY_MS, () => void look());
  };
  void look();
  return () => {
    over = true;
    cancel?.();
  };
}
