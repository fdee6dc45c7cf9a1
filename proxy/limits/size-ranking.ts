/** Something that is ranked by its size. */
export interface Ranked {
  size: number;
}

/** Finds the largest of many groups at once, where sizes change by one at a time. */
export class SizeRanking<G extends Ranked> {
  /** By size; of equal ones the one that has been so large for longest comes first. */
  readonly #bySize: Set<G>[] = [];
  #top = 0;

  /** A group of size 0 is not ranked. */
  resize(group: G, size: number): void {
    this.#bySize[group.size]?.delete(group);
    group.size = size;
    if (size > 0) (this.#bySize[size] ??= new Set()).add(group);
    if (size > this.#top) this.#top = size;
    while (this.#top > 0 && !this.#bySize[this.#top]?.size) this.#top -= 1;
  }

  get largest(): G | undefined {
    return this.#bySize[this.#top]?.values().next().value;
  }
}
