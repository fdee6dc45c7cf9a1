import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { SliceTiming } from "./slice-timing.ts";

/**
 * Accepts connections one after the other, for a short time in each turn of the event loop. An accepted connection, above
 * all its TLS handshake, costs as much as hundreds of packets of a running session: thousands at once would delay those.
 */
export class AcceptQueue {
  readonly #timing: SliceTiming;
  #queue: (() => void)[] = [];
  #next = 0;
  #running = false;

  constructor(timing: SliceTiming) {
    this.#timing = timing;
  }

  /** Calls `accept` now if this turn has time left, else in a later one, in the order of calls. It must not throw. */
  enqueue(accept: () => void): void {
    this.#queue.push(accept);
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
