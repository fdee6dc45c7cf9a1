/** Time, injected so that deadlines can be tested without waiting. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds: for values that are stored or shown. */
  now(): number;
  /** Monotonic milliseconds: for deadlines. */
  monotonic(): number;
  /**
   * Calls `run` once after `ms`; the returned function cancels it. The timer does not keep the process alive.
   */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
