import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/**
 * How fast agents may come back. After a start of the server all of them do: so many are taken at once, the others are told
 * when it is their turn, each a little later than the one before.
 */
export class ReconnectRateLimit {
  readonly #clock: Clock;
  #available: number = PROXY_LIMITS.agentsAtOnce;
  /** Agents that were sent away and whose turn has not come. */
  #deferred = 0;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** 0: the agent may enter. Otherwise it is to come back after so many milliseconds. */
  reserve(): number {
    const now = this.#clock.monotonic();
    const passed = ((now - this.#at) / 1000) * PROXY_LIMITS.agentsPerSecond;
    this.#at = now;
    this.#available = Math.min(PROXY_LIMITS.agentsAtOnce, this.#available + passed);
    this.#deferred = Math.max(0, this.#deferred - passed);
    if (this.#available >= 1) {
      this.#available -= 1;
      return 0;
    }
    this.#deferred += 1;
    return Math.ceil((this.#deferred * 1000) / PROXY_LIMITS.agentsPerSecond);
  }
}

/** Over how many milliseconds so many agents have to spread their return. */
export function computeReconnectSpread(agents: number): number {
  return Math.max(PROXY_LIMITS.drainSpreadMs, Math.ceil((agents * 1000) / PROXY_LIMITS.agentsPerSecond));
}
