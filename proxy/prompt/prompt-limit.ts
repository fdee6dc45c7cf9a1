import { ViewerRefusal } from "../model/viewer-refusal.ts";

interface PromptLimits {
  readonly perKey: number;
  readonly total: number;
}

/** How many sign-in screens there are: of one network or of one person, and in all. */
export class PromptLimit {
  readonly #byKey = new Map<string, number>();
  readonly #limits: PromptLimits;
  #total = 0;

  constructor(limits: PromptLimits) {
    this.#limits = limits;
  }

  /** The returned function gives the place back; idempotent. @throws ViewerRefusal `SERVER_BUSY` */
  take(key: string): () => void {
    const count = this.#byKey.get(key) ?? 0;
    if (count >= this.#limits.perKey || this.#total >= this.#limits.total)
      throw new ViewerRefusal("SERVER_BUSY");
    this.#byKey.set(key, count + 1);
    this.#total += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#total -= 1;
      const left = (this.#byKey.get(key) ?? 1) - 1;
      if (left > 0) this.#byKey.set(key, left);
      else this.#byKey.delete(key);
    };
  }
}
