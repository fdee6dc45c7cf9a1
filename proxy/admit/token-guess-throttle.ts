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

/** One guess under way. Ends with exactly one of the two; further calls do nothing. */
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
    const offender = this.#find(sourceKey(address));
    return offender ? Math.max(0, offender.blockedUntil - this.#clock.monotonic()) : 0;
  }

  /** @throws Refusal `SOURCE_THROTTLED`, `SERVER_BUSY` */
  begin(address: string): Guess {
    const key = sourceKey(address);
    const wait = this.waitMs(address);
    if (wait > 0) throw new ViewerRefusal("SOURCE_THROTTLED", { waitMs: wait });
    this.#refill();
    if (this.#budget < 1)
      throw new ViewerRefusal("SERVER_BUSY", { waitMs: 1000 / PROXY_LIMITS.guessesPerSecond });
    const offender = this.#find(key) ?? { wrong: 0, pending: 0, blockedUntil: 0, lastWrongAt: 0 };
    // A source that has guessed wrong cannot get around its wait by guessing in parallel.
    if (offender.wrong > 0 && offender.pending >= Math.max(1, PROXY_LIMITS.freeGuesses - offender.wrong)) {
      throw new ViewerRefusal("SOURCE_THROTTLED", { waitMs: PROXY_LIMITS.firstPenaltyMs });
    }
    offender.pending += 1;
    this.#sources.set(key, offender);
    let over = false;
    const settle = (wrong: boolean): void => {
      if (over) return;
      over = true;
      offender.pending -= 1;
      if (wrong) this.#recordWrong(offender);
      else if (offender.wrong === 0 && offender.pending === 0) this.#sources.delete(key);
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

  #recordWrong(offender: ThrottledSource): void {
    const now = this.#clock.monotonic();
    this.#budget -= 1;
    offender.wrong += 1;
    offender.lastWrongAt = now;
    const beyond = offender.wrong - PROXY_LIMITS.freeGuesses;
    if (beyond < 0) return;
    offender.blockedUntil =
      now + Math.min(PROXY_LIMITS.longestPenaltyMs, PROXY_LIMITS.firstPenaltyMs * 2 ** beyond);
  }

  #find(key: string): ThrottledSource | undefined {
    const offender = this.#sources.get(key);
    if (!offender || offender.pending > 0 || offender.wrong === 0) return offender;
    if (this.#clock.monotonic() - offender.lastWrongAt < PROXY_LIMITS.penaltyMemoryMs) return offender;
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
    for (const [key, offender] of this.#sources) {
      if (this.#sources.size <= PROXY_LIMITS.penaltySources) return;
      if (offender.pending === 0 && offender.blockedUntil <= now) this.#sources.delete(key);
    }
  }
}
