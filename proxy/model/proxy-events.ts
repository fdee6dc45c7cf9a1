import type { ProxyEvents } from "./proxy-types.ts";

type Listener<E extends keyof ProxyEvents> = (data: ProxyEvents[E]) => void;

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

  emit<E extends keyof ProxyEvents>(event: E, data: ProxyEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as Listener<E>)(data);
  }
}
