import { refuse } from "../http-errors.ts";

/** Whether the account has signed in from this device or source before, or nobody knows who it is. */
export type Familiarity = "known" | "stranger";

/**
 * Work of which only some runs at once; what comes beyond that waits, and no more than so many wait. Who is known goes before strangers and
 * has as many places of its own: however many guess passwords, people come in.
 */
export class ConcurrencyLimit {
  readonly #limits: { readonly running: number; readonly waiting: number };
  readonly #waiting: Readonly<Record<Familiarity, (() => void)[]>> = { known: [], stranger: [] };
  #running = 0;

  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  /** @throws RequestError `LOGIN_BUSY`, and what `work` throws */
  async run<T>(work: () => Promise<T>, who: Familiarity = "stranger"): Promise<T> {
    const waiting = this.#waiting[who];
    if (this.#running < this.#limits.running) this.#running += 1;
    else if (waiting.length >= this.#limits.waiting) throw refuse("LOGIN_BUSY");
    // Who ends hands its place over: nobody comes in between.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.known.shift() ?? this.#waiting.stranger.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
