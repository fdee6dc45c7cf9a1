import { PROXY_LIMITS } from "../model/proxy-limits.ts";

export interface AcceptQueueTiming {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Lets the event loop do its other work, then goes on. */
  readonly yieldTo: (next: () => void) => void;
}

/**
 * Lets newcomers in one after the other, for a short while in each turn of the event loop. What begins with a newcomer, a TLS
 * handshake above all, costs as much as hundreds of packets of a running session: thousands at once would hold those up.
 */
export class AcceptQueue {
  readonly #timing: AcceptQueueTiming;
  #queue: (() => void)[] = [];
  #next = 0;
  #running = false;

  constructor(pace: AcceptQueueTiming) {
    this.#timing = pace;
  }

  /** Begins `enter` now if this turn has time left, else in a later one, in the order of calls. It must not throw. */
  enqueue(enter: () => void): void {
    this.#queue.push(enter);
    if (this.#running) return;
    this.#running = true;
    this.#runSlice();
  }

  readonly #runSlice = (): void => {
    if (this.#next >= this.#queue.length) {
      this.#running = false;
      return;
    }
    const end = this.#timing.monotonic() + PROXY_LIMITS.admissionSliceMs;
    do this.#queue[this.#next++]?.();
    while (this.#next < this.#queue.length && this.#timing.monotonic() < end);
    if (this.#next >= this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    this.#timing.yieldTo(this.#runSlice);
  };
}
