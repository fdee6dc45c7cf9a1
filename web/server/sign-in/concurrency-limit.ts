import { refuse } from "../http-errors.ts";

/** Work of which only some runs at once; what comes beyond that waits, and no more than so many wait. */
export class ConcurrencyLimit {
  readonly #limits: { readonly running: number; readonly waiting: number };
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  /** @throws RequestError `LOGIN_BUSY`, and what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.running) this.#running += 1;
    else if (this.#waiting.length >= this.#limits.waiting) throw refuse("LOGIN_BUSY");
    // Who ends hands its place over: nobody comes in between.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
