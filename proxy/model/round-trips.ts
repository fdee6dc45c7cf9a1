/** Questions that wait for an answer; older ones are forgotten. */
const MAX_WAITING = 64;

/**
 * Numbered questions to a peer, and what their answers prove: that it was there, and had read everything before, when the
 * question was asked. An answer that was long on its way proves no more than that.
 */
export class RoundTrips {
  readonly #asked = new Map<number, number>();
  #last = 0;
  #provenAt: number;

  /** @param now monotonic; counts as proven */
  constructor(now: number) {
    this.#provenAt = now;
  }

  /** When the latest question that was answered had been asked. */
  get provenAt(): number {
    return this.#provenAt;
  }

  /** When the oldest question that still waits for its answer was asked; null: none does. */
  get waitingSince(): number | null {
    return this.#asked.values().next().value ?? null;
  }

  /** @returns the number of a question that is asked now */
  ask(now: number): number {
    this.#last += 1;
    this.#asked.set(this.#last, now);
    this.#asked.delete(this.#last - MAX_WAITING);
    return this.#last;
  }

  /**
   * Numbers that were not asked, or are answered already, prove nothing.
   * @returns when the question had been asked; null: it proves nothing
   */
  answer(question: number): number | null {
    const askedAt = this.#asked.get(question);
    if (askedAt === undefined) return null;
    this.#provenAt = Math.max(this.#provenAt, askedAt);
    // Answers come in order: what was asked before is not answered any more.
    for (const number of this.#asked.keys()) if (number <= question) this.#asked.delete(number);
    return askedAt;
  }
}
