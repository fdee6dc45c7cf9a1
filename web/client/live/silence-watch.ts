/** The other side gives a sign of life at least this often. */
const TICK_MS = 2_000;
/** Ticks in a row without one: two signs are missing, and the third is late. */
const MAX_SILENT_TICKS = 3;

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
