import type { ProxyEvents } from "./proxy-types.ts";

type Listener<E extends keyof ProxyEvents> = (data: ProxyEvents[E]) => void | Promise<void>;

/** The typed event emitter of the proxy. */
export class ProxyEventEmitter {
  readonly #listeners = new Map<keyof ProxyEvents, Set<Listener<never>>>();

  /** Returns how to stop listening. */
  on<E extends keyof ProxyEvents>(event: E, listener: Listener<E>): () => void {
    const set = this.#listeners.get(event) ?? new Set<Listener<never>>();
    this.#listeners.set(event, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  /** @returns settles when the listeners that gave a promise are done with the event; undefined: none did */
  deliver<E extends keyof ProxyEvents>(event: E, data: ProxyEvents[E]): Promise<void> | undefined {
    let work: Promise<void> | undefined;
    for (const listener of this.#listeners.get(event) ?? []) {
      const more = (listener as Listener<E>)(data);
      if (more) work = work === undefined ? more : Promise.all([work, more]).then(() => undefined);
    }
    return work;
  }

  /** Where nobody is to be held back by what the listeners do. */
  emit<E extends keyof ProxyEvents>(event: E, data: ProxyEvents[E]): void {
    void this.deliver(event, data);
  }
}
