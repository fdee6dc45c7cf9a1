import { foldName, type Clock } from "../../../protocol/index.ts";
import { sourceKey } from "../../../proxy/index.ts";
import { ThrottledError } from "../http-errors.ts";

interface ThrottleRule {
  /** Attempts before the first delay. */
  readonly free: number;
  readonly maxDelayMs: number;
}

/** An account's delay stays short: anyone can send wrong passwords for another person's account. */
const RULES = {
  source: { free: 5, maxDelayMs: 15 * 60_000 },
  account: { free: 10, maxDelayMs: 60_000 },
  /** Nothing is guessed there, and a whole office may be under way from one address at nine o'clock. */
  away: { free: 100, maxDelayMs: 60_000 },
} as const satisfies Record<string, ThrottleRule>;
const FIRST_DELAY_MS = 1000;
const FORGET_MS = 3600_000;
const MAX_ENTRIES = 50_000;
const MAX_BLOCKING = 100_000;
/** Entries that one insertion looks at for one that may go. */
const EVICTION_LOOKS = 16;
const KNOWN_MS = 2_592_000_000;
const MAX_KNOWN = 10_000;

interface ThrottleEntry {
  readonly rule: ThrottleRule;
  attempts: number;
  last: number;
  openAt: number;
}

/** Who tries to sign in, and from where. */
export interface SignInAttempt {
  readonly address: string;
  readonly account: string;
  /** A device from which this account has signed in before, proven by its cookie; null: none. */
  readonly device?: string | null;
}

/**
 * Slows guessing of passwords: per source and per account, each with a delay that doubles. Sources and devices from which an
 * account has signed in before do not share its delay with strangers: they have one of their own, so that strangers cannot
 * shut a person out by guessing.
 */
export class PasswordThrottle {
  /** The one that was used longest ago comes first. */
  readonly #entries = new Map<string, ThrottleEntry>();
  /** Account and source of successful sign-ins, and when; the one longest ago comes first. */
  readonly #known = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts an attempt before its password is checked, so that parallel attempts count too. One that is refused leaves no
   * trace.
   * @throws ThrottledError `LOGIN_THROTTLED`
   */
  begin(attempt: SignInAttempt): void {
    this.#count([
      [`source ${sourceKey(attempt.address)}`, RULES.source],
      [this.#accountKey(attempt, this.#clock.monotonic()), RULES.account],
    ]);
  }

  /** @param others entries that hold up, too, and are not counted */
  #count(rules: readonly (readonly [string, ThrottleRule])[], others: readonly string[] = []): void {
    const now = this.#clock.monotonic();
    const keys = [...rules.map(([key]) => key), ...others];
    const openAt = Math.max(...keys.map((key) => this.#find(key, now)?.openAt ?? now));
    if (openAt > now) throw new ThrottledError(openAt - now);
    if (!this.#makeRoom(rules.length, now)) throw new ThrottledError(FIRST_DELAY_MS);
    for (const [key, rule] of rules) {
      const entry = this.#find(key, now) ?? { rule, attempts: 0, last: now, openAt: now };
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      count(entry, now);
    }
  }

  /**
   * Counts somebody who goes to another site to sign in.
   * @throws ThrottledError `LOGIN_THROTTLED`
   */
  beginAway(address: string): void {
    const source = sourceKey(address);
    this.#count([[`away ${source}`, RULES.away]], [`source ${source}`]);
  }

  /** They are back, and signed in. */
  succeedAway(address: string): void {
    this.#forgive(`away ${sourceKey(address)}`);
  }

  /**
   * The password was right: the account's count is reset, the source's is reduced by this attempt.
   * @param steps of the sign-in, each of which was an attempt
   */
  succeed(attempt: SignInAttempt, steps = 1): void {
    const now = this.#clock.monotonic();
    this.#entries.delete(this.#accountKey(attempt, now));
    this.#forgive(`source ${sourceKey(attempt.address)}`, steps);
    const known = knownKey(attempt);
    this.#known.delete(known);
    this.#known.set(known, now);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  #forgive(key: string, attempts = 1): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.attempts -= attempts;
    entry.openAt = this.#clock.monotonic();
  }

  /** Whether the account has signed in from this device, or from this source lately. */
  knows(attempt: SignInAttempt): boolean {
    return Boolean(attempt.device) || this.#isKnown(attempt, this.#clock.monotonic());
  }

  #isKnown(attempt: SignInAttempt, now: number): boolean {
    return now - (this.#known.get(knownKey(attempt)) ?? -Infinity) < KNOWN_MS;
  }

  #accountKey(attempt: SignInAttempt, now: number): string {
    if (attempt.device) return `device ${foldName(attempt.account)} ${attempt.device}`;
    if (this.#isKnown(attempt, now)) return `known ${knownKey(attempt)}`;
    return `account ${foldName(attempt.account)}`;
  }

  #find(key: string, now: number): ThrottleEntry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && now - entry.last < FORGET_MS ? entry : undefined;
  }

  /**
   * Entries that hold somebody up are never evicted for others, and those of several attempts only when there is no other way:
   * a flood at other names must not give back the free attempts at one. False: there are too many of them.
   */
  #makeRoom(needed: number, now: number): boolean {
    for (let looks = 0; this.#entries.size + needed > MAX_ENTRIES && looks < EVICTION_LOOKS; looks += 1) {
      const [oldest] = this.#entries;
      if (!oldest) break;
      const [key, entry] = oldest;
      this.#entries.delete(key);
      const isFull = this.#entries.size + needed >= MAX_BLOCKING;
      if (entry.openAt > now || (isRepeated(entry, now) && !isFull)) this.#entries.set(key, entry);
    }
    return this.#entries.size + needed <= MAX_BLOCKING;
  }
}

function isRepeated({ attempts, last }: ThrottleEntry, now: number): boolean {
  return attempts > 1 && now - last < FORGET_MS;
}

function count(entry: ThrottleEntry, now: number): void {
  entry.attempts += 1;
  entry.last = now;
  const over = entry.attempts - entry.rule.free;
  if (over >= 0)
    entry.openAt = now + Math.min(FIRST_DELAY_MS * 2 ** Math.min(over, 30), entry.rule.maxDelayMs);
}

function knownKey({ address, account }: SignInAttempt): string {
  return `${foldName(account)} ${sourceKey(address)}`;
}
