import { uptime } from "node:os";

/** Time, injected so that deadlines can be tested without waiting. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds: for values that are stored or shown. */
  now(): number;
  /** Monotonic milliseconds, with the time that the computer was suspended: for deadlines. */
  monotonic(): number;
  /**
   * Calls `run` once after `ms`; the returned function cancels it. The timer does not keep the process alive.
   */
  after(ms: number, run: () => void): () => void;
}

/** A wall clock that moved so much against the monotonic one was set, or the computer was suspended. */
const JUMP_MS = 1000;

/** What an operating system says of time, in milliseconds. */
export interface TimeSources {
  /** The wall clock: can be set, goes on while the computer is suspended. */
  wall(): number;
  /** Never set; stands still while the computer is suspended, on Linux. */
  running(): number;
  /** Since the start of the computer, with the time that it was suspended. Slower to read. */
  uptime(): number;
}

/**
 * A monotonic clock that counts the time in which the computer was suspended: what waited for so long is late, although no
 * timer saw it.
 * @see clock_gettime(2), CLOCK_MONOTONIC and CLOCK_BOOTTIME
 */
export function makeMonotonicClock({ wall, running, uptime: sinceStart }: TimeSources): () => number {
  let ahead = wall() - running();
  let suspended = 0;
  const startedAhead = sinceStart() - running();
  return () => {
    const now = running();
    const difference = wall() - now;
    if (Math.abs(difference - ahead) > JUMP_MS) {
      ahead = difference;
      // Never back: `uptime` is exact to some milliseconds only.
      suspended = Math.max(suspended, sinceStart() - now - startedAhead);
    }
    return now + suspended;
  };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: makeMonotonicClock({
    wall: () => Date.now(),
    running: () => performance.now(),
    uptime: () => uptime() * 1000,
  }),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
