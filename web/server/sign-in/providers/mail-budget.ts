import type { Clock } from "../../../../protocol/index.ts";

/** For so long a mail counts. */
const WINDOW_MS = 600_000;
/** Codes to one account in that time; as many again to each browser that it has signed in from. */
const MAX_CODES_PER_ACCOUNT = 3;
/** Codes to all accounts, that were not asked for by such a browser. */
const MAX_CODES_TO_ACCOUNTS = 500;
/** Codes to addresses without an account. */
const MAX_CODES_TO_STRANGERS = 100;

/** Who would get a mail. */
export interface MailRecipient {
  /** An account's id, or an address. */
  readonly key: string;
  readonly hasAccount: boolean;
  /** A browser that the account has signed in from before; null: none. */
  readonly device: string | null;
}

/**
 * How many codes may be sent: strangers can have some sent to anybody whose name they know. Browsers that somebody has signed in
 * from have a count of their own, so that strangers cannot use up what its owner needs.
 */
export class MailBudget {
  readonly #clock: Clock;
  /** When codes were sent, the oldest first. */
  #sent: { readonly at: number; readonly keys: readonly string[] }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a mail. False: it may not be sent. */
  take({ key, hasAccount, device }: MailRecipient): boolean {
    const now = this.#clock.monotonic();
    this.#sent = this.#sent.filter(({ at }) => now - at < WINDOW_MS);
    const limits: (readonly [string, number])[] = [[`to ${key} ${device ?? ""}`, MAX_CODES_PER_ACCOUNT]];
    if (device === null)
      limits.push(hasAccount ? ["accounts", MAX_CODES_TO_ACCOUNTS] : ["strangers", MAX_CODES_TO_STRANGERS]);
    const count = (one: string) => this.#sent.filter(({ keys }) => keys.includes(one)).length;
    if (limits.some(([one, limit]) => count(one) >= limit)) return false;
    this.#sent.push({ at: now, keys: limits.map(([one]) => one) });
    return true;
  }
}
