/** One thing at a time, in the order of asking: an appliance takes a processor and most of a gigabyte of memory. */
export class AbortableQueue {
  #last: Promise<void> = Promise.resolve();

  /** @throws the signal's reason, when it is aborted before the turn comes; `work` looks after itself */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    // Whoever gives up does not let the next one pass those before.
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
