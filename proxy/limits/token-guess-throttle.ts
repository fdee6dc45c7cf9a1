import type { Clock } from "../../protocol/index.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { networkKey, sourceKey } from "../model/connection-source.ts";
import { GuessBudget } from "./guess-budget.ts";

interface ThrottledSource {
  wrong: number;
  /** Guesses under way. Each counts as wrong until it is settled. */
  pending: number;
  blockedUntil: number;
  lastWrongAt: number;
  /** Guesses that wait until one of those under way is settled. */
  readonly waiting: (() => void)[];
}

/** One guess under way. Settled by the first call; further calls do nothing. */
export interface Guess {
  wrong(): void;
  right(): void;
  /** Neither: it could not be checked. */
  withdraw(): void;
}

const ALL = { burst: PROXY_LIMITS.guessBurst, perSecond: PROXY_LIMITS.guessesPerSecond };
const ONE_NETWORK = {
  burst: PROXY_LIMITS.networkGuessBurst,
  perSecond: PROXY_LIMITS.networkGuessesPerSecond,
};

/**
 * Waiting times for wrong guesses: per source they double, and all sources together have a budget, because a wrong token
 * names no target that could be protected by itself. One network can use only a part of it. Sources with a recent right token
 * have a reserve, so that strangers who use up the budget do not shut them out.
 */
export class TokenGuessThrottle {
  readonly #clock: Clock;
  readonly #sources = new Map<string, ThrottledSource>();
  readonly #networks = new Map<string, GuessBudget>();
  /** When a source last gave a right token, the longest ago first. */
  readonly #known = new Map<string, number>();
  readonly #budget: GuessBudget;
  readonly #reserve: GuessBudget;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#budget = new GuessBudget(ALL, clock.monotonic());
    this.#reserve = new GuessBudget(ALL, clock.monotonic());
  }

  /** Milliseconds until this source may guess; 0: now. */
  waitMs(address: string): number {
    const source = this.#find(sourceKey(address));
    return source ? Math.max(0, source.blockedUntil - this.#clock.monotonic()) : 0;
  }

  /**
   * Resolves when the source may guess: guesses of one source beyond those that are free wait for one another.
   * @throws ViewerRefusal `SOURCE_THROTTLED`, `SERVER_BUSY`
   */
  async begin(address: string): Promise<Guess> {
    const key = sourceKey(address);
    for (;;) {
      const wait = this.waitMs(address);
      if (wait > 0) throw new ViewerRefusal("SOURCE_THROTTLED", { waitMs: wait });
      const source = this.#find(key);
      if (!source || source.pending < Math.max(1, PROXY_LIMITS.freeGuesses - source.wrong)) break;
      await new Promise<void>((resolve) => source.waiting.push(resolve));
    }
    const budgets = this.#takeBudgets(key, address);
    const source = this.#find(key) ?? this.#addSource(key);
    source.pending += 1;
    let over = false;
    const settle = (result: keyof Guess): void => {
      if (over) return;
      over = true;
      source.pending -= 1;
      if (result === "wrong") this.#countWrong(source);
      else for (const budget of budgets) budget.refund();
      if (result === "right") this.#remember(key);
      if (source.wrong === 0 && source.pending === 0) this.#sources.delete(key);
      this.#evict();
      for (const resume of source.waiting.splice(0)) resume();
    };
    return {
      wrong: () => {
        settle("wrong");
      },
      right: () => {
        settle("right");
      },
      withdraw: () => {
        settle("withdraw");
      },
    };
  }

  /**
   * Counts something of this source as a wrong guess that cost work and guessed nothing. The budget of all sources is for
   * guesses alone.
   */
  countFailure(address: string): void {
    const key = sourceKey(address);
    this.#countWrong(this.#find(key) ?? this.#addSource(key));
    this.#evict();
  }

  /** @throws ViewerRefusal `SOURCE_THROTTLED`, `SERVER_BUSY` */
  #takeBudgets(key: string, address: string): readonly GuessBudget[] {
    const now = this.#clock.monotonic();
    const isKnown = now - (this.#known.get(key) ?? -Infinity) < PROXY_LIMITS.recentRightMs;
    const common = this.#budget.waitMs(now);
    const reserve = isKnown ? this.#reserve.waitMs(now) : common;
    if (Math.min(common, reserve) > 0) {
      throw new ViewerRefusal("SERVER_BUSY", { waitMs: Math.min(common, reserve) });
    }
    const all = common === 0 ? this.#budget : this.#reserve;
    if (isKnown) {
      all.take();
      return [all];
    }
    const network = this.#networkOf(address, now);
    const wait = network.waitMs(now);
    if (wait > 0) throw new ViewerRefusal("SOURCE_THROTTLED", { waitMs: wait });
    network.take();
    all.take();
    return [network, all];
  }

  #networkOf(address: string, now: number): GuessBudget {
    const key = networkKey(address);
    const found = this.#networks.get(key);
    if (found) return found;
    if (this.#networks.size >= PROXY_LIMITS.penaltySources) {
      for (const [other, budget] of this.#networks) if (budget.isFull(now)) this.#networks.delete(other);
    }
    const budget = new GuessBudget(ONE_NETWORK, now);
    this.#networks.set(key, budget);
    return budget;
  }

  #remember(key: string): void {
    this.#known.delete(key);
    this.#known.set(key, this.#clock.monotonic());
    if (this.#known.size <= PROXY_LIMITS.penaltySources) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  #addSource(key: string): ThrottledSource {
    const source = { wrong: 0, pending: 0, blockedUntil: 0, lastWrongAt: 0, waiting: [] };
    this.#sources.set(key, source);
    return source;
  }

  #countWrong(source: ThrottledSource): void {
    const now = this.#clock.monotonic();
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

  /** Never one that blocks. */
  #evict(): void {
    if (this.#sources.size <= PROXY_LIMITS.penaltySources) return;
    const now = this.#clock.monotonic();
    for (const [key, source] of this.#sources) {
      if (this.#sources.size <= PROXY_LIMITS.penaltySources) return;
      if (source.pending === 0 && source.blockedUntil <= now) this.#sources.delete(key);
    }
  }
}
