import type { Clock } from "../../protocol/index.ts";
import type { ScreenRatios } from "./screenshot-worker-thread.ts";

/** What a screen looks like at one moment. */
export interface ScreenLook extends ScreenRatios {
  /** The same for the same picture. */
  readonly picture: string;
}

/** More than the few lines of text that firmware shows, less than any boot menu or desktop. */
const DRAWN_RATIO = 0.05;
/** A few letters: more than a cursor in a corner. */
const TEXT_RATIO = 0.002;
/** A text console that waits for somebody stays as it is; firmware and a starting kernel do not for so long. */
const STABLE_MS = 10_000;
const POLL_MS = 1000;
/** A guest that stays dark counts as running after this time. */
const TIMEOUT_MS = 120_000;

/**
 * Waits until a guest has drawn something: one pixel in twenty is not black, or a screen with text stays the same. A
 * guest that stays dark counts as drawn after two minutes.
 * @param look a failure counts as dark
 * @param onDrawn called at most once
 * @returns stops waiting
 */
export function awaitBoot(clock: Clock, look: () => Promise<ScreenLook>, onDrawn: () => void): () => void {
  const begun = clock.monotonic();
  const text = new StableText();
  let over = false;
  let cancel: (() => void) | undefined;
  const poll = async (): Promise<void> => {
    const seen = await look().catch(() => null);
    if (over) return;
    const now = clock.monotonic();
    const isDrawn = (seen?.nonBlackRatio ?? 0) > DRAWN_RATIO || text.isStable(seen, now);
    if (isDrawn || now - begun >= TIMEOUT_MS) {
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

/** How long a screen with text has stayed the same, but for a cursor that blinks: two pictures in turn are one. */
class StableText {
  #pictures: readonly string[] = [];
  #since = 0;

  /** @param seen null: the screen could not be read */
  isStable(seen: ScreenLook | null, now: number): boolean {
    if (seen === null || seen.litRatio < TEXT_RATIO) this.#pictures = [];
    else if (!this.#pictures.includes(seen.picture)) {
      this.#pictures = [seen.picture, ...this.#pictures.slice(0, 1)];
      this.#since = now;
    }
    return this.#pictures.length > 0 && now - this.#since >= STABLE_MS;
  }
}
