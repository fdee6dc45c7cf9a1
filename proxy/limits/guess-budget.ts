/** So many wrong guesses at once, and so many per second in the long run. */
export interface GuessAllowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left of an allowance. It never falls below 0: a guess is taken from it before it is known to be wrong. */
export class GuessBudget {
  readonly #allowance: GuessAllowance;
  #left: number;
  #at: number;

  /** @param now monotonic milliseconds, as everywhere here */
  constructor(allowance: GuessAllowance, now: number) {
    this.#allowance = allowance;
    this.#left = allowance.burst;
    this.#at = now;
  }

  /** Milliseconds until one guess is left; 0: now. */
  waitMs(now: number): number {
    const { burst, perSecond } = this.#allowance;
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    // What the sum of many small parts lacks of a whole guess is no reason to wait.
    return this.#left >= 1 - 1e-9 ? 0 : Math.ceil(((1 - this.#left) * 1000) / perSecond);
  }

  /** To be called where there is no wait. */
  take(): void {
    this.#left = Math.max(0, this.#left - 1);
  }

  /** The guess was not wrong. */
  refund(): void {
    this.#left = Math.min(this.#allowance.burst, this.#left + 1);
  }

  /** Nothing has to be remembered of it. */
  isFull(now: number): boolean {
    return this.waitMs(now) === 0 && this.#left >= this.#allowance.burst;
  }
}
