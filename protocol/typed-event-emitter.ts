/**
 * An event emitter whose events and their data are the members of `Events`. Listeners run synchronously, in the order
 * they subscribed.
 * @typeParam Done what a listener may return; `void | Promise<void>` where {@link TypedEventEmitter.deliver} waits
 */
export class TypedEventEmitter<Events extends object, Done extends void | Promise<void> = void> {
  readonly #listeners = new Map<keyof Events, Set<(data: never) => Done>>();

  /** @returns ends the subscription */
  on<E extends keyof Events>(event: E, listener: (data: Events[E]) => Done): () => void {
    const listeners = this.#listeners.get(event) ?? new Set<(data: never) => Done>();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** @returns settles when the listeners that gave a promise are done with the event; undefined: none did */
  deliver<E extends keyof Events>(event: E, data: Events[E]): Promise<void> | undefined {
    let work: Promise<void> | undefined;
    for (const listener of this.#listeners.get(event) ?? []) {
      const done = (listener as (data: Events[E]) => Done)(data);
      if (done instanceof Promise)
        work = work === undefined ? done : Promise.all([work, done]).then(() => undefined);
    }
    return work;
  }

  /** For a caller that does not wait for what the listeners do. */
  emit<E extends keyof Events>(event: E, data: Events[E]): void {
    void this.deliver(event, data);
  }
}
