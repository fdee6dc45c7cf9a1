const TICK_MS = 1_000;
/**
 * Ticks in a row without a sign of life, which the other side gives every two seconds. At least five seconds have passed
 * then: what was typed before is dropped by the server, which waits no longer (its `inputFreshMs`).
 */
const MAX_SILENT_TICKS = 6;

type Repeat = (ms: number, run: () => void) => () => void;

export const repeatInWindow: Repeat = (ms, run) => {
  const timer = window.setInterval(run, ms);
  return () => window.clearInterval(timer);
};

/**
 * Notices that a line has gone silent, within 6 s. It counts ticks instead of reading a clock: a tab in the background, or a
 * computer that slept, has late ticks, and its line is not dead for that.
 */
export class SilenceWatch {
  readonly #onSilent: () => void;
  readonly #repeat: Repeat;
  #silentTicks = 0;
  #cancel: (() => void) | null = null;

  constructor(onSilent: () => void, repeat: Repeat) {
    this.#onSilent = onSilent;
    this.#repeat = repeat;
  }

  /** The other side is known to give signs of life: from now on it is missed. Idempotent. */
  start(): void {
    this.#cancel ??= this.#repeat(TICK_MS, () => {
      this.#silentTicks += 1;
      if (this.#silentTicks === MAX_SILENT_TICKS) this.#onSilent();
    });
  }

  hear(): void {
    this.#silentTicks = 0;
  }

  /** Idempotent. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#silentTicks = 0;
  }
}
