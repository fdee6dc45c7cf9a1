/** So long what comes into sight together is gathered, before one request tells of all of it. */
const GATHER_MS = 200;
/** Well within the time for which the server keeps a spare connection ready. */
const AGAIN_MS = 120_000;
/** What the server takes at once. */
const MOST = 64;

type After = (ms: number, run: () => void) => () => void;

/** Tells the server which desktops can be seen on the page now: the way to them is then made before anybody clicks. */
export class ShownDesktops {
  readonly #tell: (desktops: readonly string[]) => Promise<unknown>;
  readonly #after: After;
  /** How often each is on the page. */
  readonly #shown = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #gathering = false;

  constructor(tell: (desktops: readonly string[]) => Promise<unknown>, after: After) {
    this.#tell = tell;
    this.#after = after;
  }

  /** Returns what takes it from sight. */
  show(id: string): () => void {
    const count = this.#shown.get(id) ?? 0;
    this.#shown.set(id, count + 1);
    if (count === 0 && !this.#gathering) {
      this.#gathering = true;
      this.#plan(GATHER_MS);
    }
    let hidden = false;
    return () => {
      if (hidden) return;
      hidden = true;
      const left = (this.#shown.get(id) ?? 1) - 1;
      if (left > 0) this.#shown.set(id, left);
      else this.#shown.delete(id);
    };
  }

  #plan(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#after(ms, () => {
      this.#cancel = null;
      this.#gathering = false;
      if (this.#shown.size === 0) return;
      // Nobody waits for it: without it a desktop only opens a little later.
      this.#tell([...this.#shown.keys()].slice(0, MOST)).catch(() => undefined);
      this.#plan(AGAIN_MS);
    });
  }
}
