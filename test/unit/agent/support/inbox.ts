/** What comes in, in order, for a test to take when it wants to. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  push(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  get size(): number {
    return this.#items.length;
  }

  async next(): Promise<T> {
    return this.#items.shift() ?? (await new Promise<T>((resolve) => this.#waiting.push(resolve)));
  }

  /** The next item that `matches`; those before it are dropped. */
  async find(matches: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (matches(item)) return item;
    }
  }
}
