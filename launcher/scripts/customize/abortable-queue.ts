/** Serial, first in, first out: an appliance takes a processor and most of a gigabyte of memory. */
export class AbortableQueue {
  #last: Promise<void> = Promise.resolve();

  /** @throws the signal's reason if it is aborted before its turn; `work` handles later aborts itself */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    // An aborted entry must not let the next one overtake those before it.
    this.#last = before.then(() => left);
    try {
      await unlessAborted(before, signal);
      return await work();
    } finally {
      leave();
    }
  }
}

async function unlessAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let giveUp = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  signal.addEventListener("abort", giveUp, { once: true });
  await Promise.race([turn, aborted]);
  signal.removeEventListener("abort", giveUp);
  signal.throwIfAborted();
}
