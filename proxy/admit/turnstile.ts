import { LIMITS } from "./limits.ts";

export interface TurnstilePace {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Lets the event loop do its other work, then goes on. */
  readonly yieldTo: (next: () => void) => void;
}

/**
 * Lets newcomers in one after the other, for a short while in each turn of the event loop. What begins with a newcomer, a TLS
 * handshake above all, costs as much as hundreds of packets of a running session: thousands at once would hold those up.
 */
export class Turnstile {
  readonly #pace: TurnstilePace;
  #queue: (() => void)[] = [];
  #next = 0;
  #turning = false;

  constructor(pace: TurnstilePace) {
    this.#pace = pace;
  }

  /** Begins `enter` now if this turn has time left, else in a later one, in the order of calls. It must not throw. */
  pass(enter: () => void): void {
    this.#queue.push(enter);
    if (this.#turning) return;
    this.#turning = true;
    this.#turn();
  }

  readonly #turn = (): void => {
    if (this.#next >= this.#queue.length) {
      this.#turning = false;
      return;
    }
    const end = this.#pace.monotonic() + LIMITS.admissionSliceMs;
    do this.#queue[this.#next++]?.();
    while (this.#next < this.#queue.length && this.#pace.monotonic() < end);
    if (this.#next >= this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    this.#pace.yieldTo(this.#turn);
  };
}
