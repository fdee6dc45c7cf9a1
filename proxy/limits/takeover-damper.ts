import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

interface Takeovers {
  count: number;
  /** Of the last one (monotonic). */
  at: number;
}

/**
 * Two programs that use one identity throw each other out as fast as they can connect. The first takeovers are free, as
 * after a broken line; from then on each has to wait longer than the one before.
 */
export class TakeoverDamper {
  readonly #clock: Clock;
  /** By the agent's id, the longest unchanged first. */
  readonly #known = new Map<string, Takeovers>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For how many milliseconds a new connection may not replace this agent's yet. */
  remainingMs(agentId: string): number {
    const known = this.#find(agentId);
    if (known === undefined) return 0;
    return Math.max(0, known.at + delayAfter(known.count) - this.#clock.monotonic());
  }

  /**
   * A new connection has replaced one that was alive.
   * @returns the takeovers so far; counted from 0 again after `takeoverMemoryMs` without one
   */
  note(agentId: string): number {
    const count = (this.#find(agentId)?.count ?? 0) + 1;
    // At the end of the map: it is ordered by the last takeover.
    this.#known.delete(agentId);
    this.#known.set(agentId, { count, at: this.#clock.monotonic() });
    this.#forget();
    return count;
  }

  /** Whether so many takeovers happened that two must have the identity. */
  isDisputed(agentId: string): boolean {
    return (this.#find(agentId)?.count ?? 0) > PROXY_LIMITS.freeTakeovers;
  }

  #find(agentId: string): Takeovers | undefined {
    const known = this.#known.get(agentId);
    return known !== undefined && this.#isOver(known) ? undefined : known;
  }

  #isOver({ at }: Takeovers): boolean {
    return this.#clock.monotonic() - at >= PROXY_LIMITS.takeoverMemoryMs;
  }

  #forget(): void {
    for (const [agentId, known] of this.#known) {
      if (!this.#isOver(known) && this.#known.size <= PROXY_LIMITS.takeoverAgents) return;
      this.#known.delete(agentId);
    }
  }
}

function delayAfter(count: number): number {
  const { freeTakeovers, firstTakeoverMs, longestTakeoverMs } = PROXY_LIMITS;
  if (count < freeTakeovers) return 0;
  return Math.min(longestTakeoverMs, firstTakeoverMs * 2 ** (count - freeTakeovers));
}
