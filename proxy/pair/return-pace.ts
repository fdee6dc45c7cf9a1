import type { Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";

/**
 * How fast agents may come back. After a start of the server all of them do: so many are taken at once, the others are told
 * when it is their turn, each a little later than the one before.
 */
export class ReturnPace {
  readonly #clock: Clock;
  #room: number = LIMITS.agentsAtOnce;
  /** Agents that were sent away and whose turn has not come. */
  #waiting = 0;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** 0: the agent may enter. Otherwise it is to come back after so many milliseconds. */
  take(): number {
    const now = this.#clock.monotonic();
    const passed = ((now - this.#at) / 1000) * LIMITS.agentsPerSecond;
    this.#at = now;
    this.#room = Math.min(LIMITS.agentsAtOnce, this.#room + passed);
    this.#waiting = Math.max(0, this.#waiting - passed);
    if (this.#room >= 1) {
      this.#room -= 1;
      return 0;
    }
    this.#waiting += 1;
    return Math.ceil((this.#waiting * 1000) / LIMITS.agentsPerSecond);
  }
}

/** Over how many milliseconds so many agents have to spread their return. */
export function spreadReturn(agents: number): number {
  return Math.max(LIMITS.drainSpreadMs, Math.ceil((agents * 1000) / LIMITS.agentsPerSecond));
}
