import type { Clock } from "../../../protocol/index.ts";

/** An answer is at most so old. */
const HEALTH_MS = 1000;

/** Whether the service works, asked at most once in a while however many want to know. */
export class HealthCheck {
  readonly #check: () => Promise<unknown>;
  readonly #clock: Clock;
  #last: { readonly at: number; readonly answer: Promise<boolean> } | null = null;

  /** @param check rejects if the service does not work */
  constructor(check: () => Promise<unknown>, clock: Clock) {
    this.#check = check;
    this.#clock = clock;
  }

  isHealthy(): Promise<boolean> {
    const now = this.#clock.monotonic();
    if (this.#last === null || now - this.#last.at >= HEALTH_MS) {
      const answer = this.#check().then(
        () => true,
        () => false,
      );
      this.#last = { at: now, answer };
    }
    return this.#last.answer;
  }
}
