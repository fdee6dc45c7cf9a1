/** So long what comes into sight together is gathered, before one request tells of all of it. */
const BATCH_MS = 200;
/** Well within the time for which the server keeps a spare connection ready. */
const REPEAT_MS = 120_000;
/** What the server takes at once. */
const MAX_DESKTOPS = 64;

type Schedule = (ms: number, run: () => void) => () => void;

/** Tells the server which desktops can be seen on the page now: the way to them is then made before anybody clicks. */
export class VisibleDesktops {
  readonly #report: (desktops: readonly string[]) => Promise<unknown>;
  readonly #schedule: Schedule;
  /** How often each is on the page. */
  readonly #counts = new Map<string, number>();
  #cancelReport: (() => void) | null = null;
  #batching = false;

  constructor(tell: (desktops: readonly string[]) => Promise<unknown>, after: Schedule) {
    this.#report = tell;
    this.#schedule = after;
  }

  /** Returns what takes it from sight. */
  add(id: string): () => void {
    const count = this.#counts.get(id) ?? 0;
    this.#counts.set(id, count + 1);
    if (count === 0 && !this.#batching) {
      this.#batching = true;
      this.#scheduleReport(BATCH_MS);
    }
    let hidden = false;
    return () => {
      if (hidden) return;
      hidden = true;
      const left = (this.#counts.get(id) ?? 1) - 1;
      if (left > 0) this.#counts.set(id, left);
      else this.#counts.delete(id);
    };
  }

  #scheduleReport(ms: number): void {
    this.#cancelReport?.();
    this.#cancelReport = this.#schedule(ms, () => {
      this.#cancelReport = null;
      this.#batching = false;
      if (this.#counts.size === 0) return;
      // Nobody waits for it: without it a desktop only opens a little later.
      this.#report([...this.#counts.keys()].slice(0, MAX_DESKTOPS)).catch(() => undefined);
      this.#scheduleReport(REPEAT_MS);
    });
  }
}
