import type { After } from "../../../../../web/client/viewer/touch-gestures.ts";

/** Timers that run when the test says so. */
export class ManualTimers {
  #now = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly run: () => void }>();

  get pending(): number {
    return this.#waiting.size;
  }

  readonly after: After = (ms, run) => {
    const entry = { at: this.#now + ms, run };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  };

  pass(ms: number): void {
    this.#now += ms;
    for (const entry of [...this.#waiting].filter(({ at }) => at <= this.#now)) {
      this.#waiting.delete(entry);
      entry.run();
    }
  }
}
