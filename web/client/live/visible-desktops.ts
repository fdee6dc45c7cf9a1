/** Desktops that become visible within this time are reported in one request. */
const BATCH_MS = 200;
/** Well below the time for which the server keeps a spare connection ready. */
const REPEAT_MS = 120_000;
/** The server's limit for one request. */
const MAX_DESKTOPS = 64;

type Schedule = (ms: number, run: () => void) => () => void;

/** Reports the desktops visible on the page, so that the server prepares connections to them. */
export class VisibleDesktops {
  readonly #report: (desktops: readonly string[]) => Promise<unknown>;
  readonly #schedule: Schedule;
  /** How often each desktop is on the page. */
  readonly #counts = new Map<string, number>();
  #cancelReport: (() => void) | null = null;
  #batching = false;

  constructor(tell: (desktops: readonly string[]) => Promise<unknown>, after: Schedule) {
    this.#report = tell;
    this.#schedule = after;
  }

  /** Returns a function that removes it. */
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
      // A failure is harmless: without the report a desktop only opens a little later.
      this.#report([...this.#counts.keys()].slice(0, MAX_DESKTOPS)).catch(() => undefined);
      this.#scheduleReport(REPEAT_MS);
    });
  }
}
