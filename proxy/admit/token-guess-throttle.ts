import type { Clock } from "../../protocol/index.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { sourceKey } from "../model/connection-source.ts";

interface ThrottledSource {
  wrong: number;
  pending: number;
  blockedUntil: number;
  lastWrongAt: number;
}

/** One guess under way. Settled by the first call of either; further calls do nothing. */
export interface Guess {
  wrong(): void;
  right(): void;
}

/**
 * Waiting times for wrong guesses: per source they double, and all sources together have a budget,
 * because a wrong token names no target that could be protected by itself.
 */
export class TokenGuessThrottle {
  readonly #clock: Clock;
  readonly #sources = new Map<string, ThrottledSource>();
  #budget: number = PROXY_LIMITS.guessBurst;
  #budgetAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#budgetAt = clock.monotonic();
  }

  /** Milliseconds until this source may guess; 0: now. */
  waitMs(address: string): number {
    const source = this.#find(sourceKey(address));
    return source ? Math.max(0, source.blockedUntil - this.#clock.monotonic()) : 0;
  }

  /** @throws ViewerRefusal `SOURCE_THROTTLED`, `SERVER_BUSY` */
  begin(address: string): Guess {
    const key = sourceKey(address);
    const wait = this.waitMs(address);
    if (wait > 0) throw new ViewerRefusal("SOURCE_THROTTLED", { waitMs: wait });
    this.#refill();
    if (this.#budget < 1)
      throw new ViewerRefusal("SERVER_BUSY", { waitMs: 1000 / PROXY_LIMITS.guessesPerSecond });
    const source = this.#find(key) ?? { wrong: 0, pending: 0, blockedUntil: 0, lastWrongAt: 0 };
    // A source that has guessed wrong cannot get around its wait by guessing in parallel.
    if (source.wrong > 0 && source.pending >= Math.max(1, PROXY_LIMITS.freeGuesses - source.wrong)) {
      throw new ViewerRefusal("SOURCE_THROTTLED", { waitMs: PROXY_LIMITS.firstPenaltyMs });
    }
    source.pending += 1;
    this.#sources.set(key, source);
    let over = false;
    const settle = (wrong: boolean): void => {
      if (over) return;
      over = true;
      source.pending -= 1;
      if (wrong) this.#recordWrong(source);
      else if (source.wrong === 0 && source.pending === 0) this.#sources.delete(key);
      this.#evict();
    };
    return {
      wrong: () => {
        settle(true);
      },
      right: () => {
        settle(false);
      },
    };
  }

  #recordWrong(source: ThrottledSource): void {
    const now = this.#clock.monotonic();
    this.#budget -= 1;
    source.wrong += 1;
    source.lastWrongAt = now;
    const beyond = source.wrong - PROXY_LIMITS.freeGuesses;
    if (beyond < 0) return;
    source.blockedUntil =
      now + Math.min(PROXY_LIMITS.longestPenaltyMs, PROXY_LIMITS.firstPenaltyMs * 2 ** beyond);
  }

  #find(key: string): ThrottledSource | undefined {
    const source = this.#sources.get(key);
    if (!source || source.pending > 0 || source.wrong === 0) return source;
    if (this.#clock.monotonic() - source.lastWrongAt < PROXY_LIMITS.penaltyMemoryMs) return source;
    this.#sources.delete(key);
    return undefined;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#budgetAt) / 1000) * PROXY_LIMITS.guessesPerSecond;
    this.#budget = Math.min(PROXY_LIMITS.guessBurst, this.#budget + earned);
    this.#budgetAt = now;
  }

  #evict(): void {
    if (this.#sources.size <= PROXY_LIMITS.penaltySources) return;
    const now = this.#clock.monotonic();
    for (const [key, source] of this.#sources) {
      if (this.#sources.size <= PROXY_LIMITS.penaltySources) return;
      if (source.pending === 0 && source.blockedUntil <= now) this.#sources.delete(key);
    }
  }
}
