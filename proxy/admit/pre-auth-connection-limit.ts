import { sourceKey } from "../model/connection-source.ts";

/** Slots for connections that are not identified yet: a limit per source, and one for all. */
export class PreAuthConnectionLimit {
  readonly #perSource: number;
  readonly #total: number;
  readonly #taken = new Map<string, number>();
  #count = 0;

  constructor(limits: { readonly perSource: number; readonly total: number }) {
    this.#perSource = limits.perSource;
    this.#total = limits.total;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes a place and returns how to give it back (idempotent); null: none is left.
   * @param perSource in place of the usual number, for a source that brings others' connections
   */
  acquire(address: string, perSource = this.#perSource): (() => void) | null {
    const key = sourceKey(address);
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= perSource || this.#count >= this.#total) return null;
    this.#taken.set(key, taken + 1);
    this.#count += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#count -= 1;
      const left = (this.#taken.get(key) ?? 1) - 1;
      if (left === 0) this.#taken.delete(key);
      else this.#taken.set(key, left);
    };
  }
}
