import type { Key } from "./keysyms.ts";

/** `once`: until the next key. `locked`: until it is touched again. */
export type StickyState = "once" | "locked";

interface StickyTarget {
  /** A key goes down and stays, or is let go: behind what is still being typed. */
  readonly hold: (key: Key, down: boolean) => void;
  readonly onChange: (states: ReadonlyMap<string, StickyState>) => void;
}

/** Modifiers of a keyboard on which nothing can be held: the first touch holds one for a key, the second until the third. */
export class StickyKeys {
  readonly #target: StickyTarget;
  readonly #states = new Map<Key, StickyState>();

  constructor(target: StickyTarget) {
    this.#target = target;
  }

  touch(key: Key): void {
    const state = this.#states.get(key);
    if (state === undefined) {
      this.#states.set(key, "once");
      this.#target.hold(key, true);
    } else if (state === "once") this.#states.set(key, "locked");
    else this.#release([key]);
    this.#tell();
  }

  /** A key has been typed with what is held. */
  noteKey(): void {
    const spent = [...this.#states].filter(([, state]) => state === "once").map(([key]) => key);
    if (spent.length === 0) return;
    this.#release(spent);
    this.#tell();
  }

  /** Idempotent. */
  releaseAll(): void {
    this.#release([...this.#states.keys()]);
    this.#tell();
  }

  #release(keys: readonly Key[]): void {
    for (const key of keys) {
      this.#states.delete(key);
      this.#target.hold(key, false);
    }
  }

  #tell(): void {
    this.#target.onChange(new Map([...this.#states].map(([key, state]) => [key.code, state])));
  }
}
