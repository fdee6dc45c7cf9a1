import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/**
 * Spares callers the wait for a database that does not answer: after a failure the next ones are refused at once, and every
 * `stateRetryMs` one of them tries.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  /** Refused until then, by the monotonic clock; null: the database answers. */
  #retryAt: number | null = null;
  #trying = false;
  #lastSuccess = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a call may be made now. If so, its outcome must be told. */
  allows(): boolean {
    if (this.#retryAt === null) return true;
    if (this.#trying || this.#clock.monotonic() < this.#retryAt) return false;
    this.#trying = true;
    return true;
  }

  succeed(): void {
    this.#lastSuccess = this.#clock.monotonic();
    this.#retryAt = null;
    this.#trying = false;
  }

  /** @param begunAt when the call began: an answer to another call since then shows that only this one failed */
  fail(begunAt: number): void {
    this.#trying = false;
    if (this.#lastSuccess > begunAt) return;
    this.#retryAt = this.#clock.monotonic() + PROXY_LIMITS.stateRetryMs;
  }

  /** The call was not made after all. */
  abandon(): void {
    this.#trying = false;
  }
}
