import type { Clock } from "../../protocol/index.ts";
import { Refusal } from "../refusals.ts";
import { LIMITS } from "./limits.ts";
import { sourceKey } from "./source.ts";

interface Offender {
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
export class Penalties {
  readonly #clock: Clock;
  readonly #offenders = new Map<string, Offender>();
  #budget: number = LIMITS.guessBurst;
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
    if (wait > 0) throw new Refusal("SOURCE_THROTTLED", { waitMs: wait });
    this.#refill();
    if (this.#budget < 1) throw new Refusal("SERVER_BUSY", { waitMs: 1000 / LIMITS.guessesPerSecond });
    const offender = this.#find(key) ?? { wrong: 0, pending: 0, blockedUntil: 0, lastWrongAt: 0 };
    // A source that has guessed wrong cannot get around its wait by guessing in parallel.
    if (offender.wrong > 0 && offender.pending >= Math.max(1, LIMITS.freeGuesses - offender.wrong)) {
      throw new Refusal("SOURCE_THROTTLED", { waitMs: LIMITS.firstPenaltyMs });
    }
    offender.pending += 1;
    this.#offenders.set(key, offender);
    let over = false;
    const settle = (wrong: boolean): void => {
      if (over) return;
      over = true;
      offender.pending -= 1;
      if (wrong) this.#punish(offender);
      else if (offender.wrong === 0 && offender.pending === 0) this.#offenders.delete(key);
      this.#forget();
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

  #punish(offender: Offender): void {
    const now = this.#clock.monotonic();
    this.#budget -= 1;
    offender.wrong += 1;
    offender.lastWrongAt = now;
    const beyond = offender.wrong - LIMITS.freeGuesses;
    if (beyond < 0) return;
    offender.blockedUntil = now + Math.min(LIMITS.longestPenaltyMs, LIMITS.firstPenaltyMs * 2 ** beyond);
  }

  #find(key: string): Offender | undefined {
    const offender = this.#offenders.get(key);
    if (!offender || offender.pending > 0 || offender.wrong === 0) return offender;
    if (this.#clock.monotonic() - offender.lastWrongAt < LIMITS.penaltyMemoryMs) return offender;
    this.#offenders.delete(key);
    return undefined;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#budgetAt) / 1000) * LIMITS.guessesPerSecond;
    this.#budget = Math.min(LIMITS.guessBurst, this.#budget + earned);
    this.#budgetAt = now;
  }

  #forget(): void {
    if (this.#offenders.size <= LIMITS.penaltySources) return;
    const now = this.#clock.monotonic();
    for (const [key, offender] of this.#offenders) {
      if (this.#offenders.size <= LIMITS.penaltySources) return;
      if (offender.pending === 0 && offender.blockedUntil <= now) this.#offenders.delete(key);
    }
  }
}
