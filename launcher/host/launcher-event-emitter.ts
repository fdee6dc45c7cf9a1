import type { LauncherEvents } from "./launcher.ts";

type Listener<E extends keyof LauncherEvents> = (data: LauncherEvents[E]) => void;

/** Reports to listeners what happens to machines. */
export class LauncherEventEmitter {
  readonly #listeners = new Map<keyof LauncherEvents, Set<(data: never) => void>>();

  /** @returns removes the listener */
  on<E extends keyof LauncherEvents>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<E extends keyof LauncherEvents>(event: E, data: LauncherEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as Listener<E>)(data);
  }
}
