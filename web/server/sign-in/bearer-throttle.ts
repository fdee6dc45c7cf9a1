import type { Clock } from "../../../protocol/index.ts";
import { sourceKey } from "../../../proxy/index.ts";
import { ThrottledError } from "../http-errors.ts";

const FREE_FAILURES = 10;
const FIRST_DELAY_MS = 1000;
const MAX_BEARER_DELAY_MS = 60_000;
const FORGET_FAILURES_MS = 900_000;
const MAX_FAILING_SOURCES = 20_000;
const MAX_KNOWN_TOKENS = 10_000;

interface Failures {
  count: number;
  last: number;
  openAt: number;
}

/**
 * Keeps sources that send wrong API tokens from asking the database. A token that was right before is looked up all the same: who
 * shares an address with a wrong program goes on working.
 */
export class BearerThrottle {
  /** The one that failed longest ago comes first. */
  readonly #failing = new Map<string, Failures>();
  /** Hashes of tokens that were right; the one longest ago comes first. */
  readonly #known = new Map<string, true>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ThrottledError `LOGIN_THROTTLED` */
  check(address: string, hash: string): void {
    if (this.#known.has(hash)) return;
    const now = this.#clock.monotonic();
    const openAt = this.#failing.get(sourceKey(address))?.openAt ?? now;
    if (openAt > now) throw new ThrottledError(openAt - now);
  }

  succeed(hash: string): void {
    moveToEnd(this.#known, hash, true, MAX_KNOWN_TOKENS);
  }

  fail(address: string, hash: string): void {
    this.#known.delete(hash);
    const now = this.#clock.monotonic();
    const key = sourceKey(address);
    const before = this.#failing.get(key);
    const count = before !== undefined && now - before.last < FORGET_FAILURES_MS ? before.count + 1 : 1;
    const over = count - FREE_FAILURES;
    const delay = over < 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** Math.min(over, 16), MAX_BEARER_DELAY_MS);
    moveToEnd(this.#failing, key, { count, last: now, openAt: now + delay }, MAX_FAILING_SOURCES);
  }
}

function moveToEnd<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
