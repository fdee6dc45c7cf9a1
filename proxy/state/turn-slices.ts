/** For database work in one turn of the event loop; a statement that has begun is not interrupted. */
const SLICE_MS = 4;

/**
 * Lets the event loop turn between statements of a database that works in the same thread. A chain of promises over such a
 * database would else run to its end within one turn, however long it is.
 */
export class TurnSlices {
  readonly #waiting: (() => void)[] = [];
  #usedMs = 0;
  #scheduled = false;

  /** Null: this turn has time left for a statement that runs now. Else settles in a later turn, in the order of the calls. */
  enter(): Promise<void> | null {
    if (this.#usedMs < SLICE_MS && this.#waiting.length === 0) return null;
    this.#schedule();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Runs a statement, and counts its time. */
  run<T>(statement: () => T): T {
    const begin = performance.now();
    try {
      return statement();
    } finally {
      this.#usedMs += performance.now() - begin;
      this.#schedule();
      this.#wakeNext();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#usedMs = 0;
    this.#scheduled = false;
    this.#wakeNext();
    if (this.#waiting.length > 0) this.#schedule();
  };

  #wakeNext(): void {
    if (this.#usedMs < SLICE_MS) this.#waiting.shift()?.();
  }
}
