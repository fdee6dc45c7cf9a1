import { isIPv6 } from "node:net";
import type { Clock } from "../../../protocol/index.ts";
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
} as const satisfies Record<string, ThrottleRule>;
const FIRST_DELAY_MS = 1000;
const FORGET_MS = 3600_000;
const MAX_ENTRIES = 10_000;

interface ThrottleEntry {
  readonly rule: ThrottleRule;
  attempts: number;
  last: number;
  openAt: number;
}

/** Slows guessing of passwords: per source and per account, each with a delay that doubles. */
export class PasswordThrottle {
  readonly #entries = new Map<string, ThrottleEntry>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts an attempt before its password is checked, so that parallel attempts count too.
   * @throws ThrottledError `LOGIN_THROTTLED`
   */
  begin(address: string, account: string): void {
    const now = this.#clock.monotonic();
    const entries = [
      this.#entry(`source ${groupOf(address)}`, RULES.source, now),
      this.#entry(`account ${foldName(account)}`, RULES.account, now),
    ];
    const openAt = Math.max(...entries.map((entry) => entry.openAt));
    if (openAt > now) throw new ThrottledError(openAt - now);
    for (const entry of entries) count(entry, now);
  }

  /** The password was right: the account's count is reset, the source's is reduced by this attempt. */
  succeed(address: string, account: string): void {
    this.#entries.delete(`account ${foldName(account)}`);
    const source = this.#entries.get(`source ${groupOf(address)}`);
    if (source === undefined) return;
    source.attempts -= 1;
    source.openAt = this.#clock.monotonic();
  }

  #entry(key: string, rule: ThrottleRule, now: number): ThrottleEntry {
    const known = this.#entries.get(key);
    this.#entries.delete(key);
    const entry =
      known !== undefined && now - known.last < FORGET_MS
        ? known
        : { rule, attempts: 0, last: now, openAt: now };
    this.#entries.set(key, entry);
    if (this.#entries.size > MAX_ENTRIES) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    return entry;
  }
}

function count(entry: ThrottleEntry, now: number): void {
  entry.attempts += 1;
  entry.last = now;
  const over = entry.attempts - entry.rule.free;
  if (over >= 0)
    entry.openAt = now + Math.min(FIRST_DELAY_MS * 2 ** Math.min(over, 30), entry.rule.maxDelayMs);
}

/** Account names are case-insensitive. */
function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** A household or a lab usually has a whole IPv6 /64. */
function groupOf(address: string): string {
  if (!isIPv6(address)) return address;
  const plain = address.split("%", 1)[0] ?? address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = plain.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const middle =
    tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = [...left, ...middle, ...right].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}
