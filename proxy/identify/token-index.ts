import { prepareToken, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { IssuedToken, OpenTokensPage, SealedToken, TokenRecord } from "../state/state-records.ts";
import type { TokenStore } from "../state/stores.ts";
import type { TokenCandidate } from "./token-scan.ts";

export interface IndexedToken extends TokenRecord, TokenCandidate {
  /** When it expires by the monotonic clock: a wall clock that is set back must not revive it. */
  readonly endsAt: number;
}

/**
 * The open tokens, ready for matching: their plaintext is not kept, only the key that DES makes of it.
 * Tokens made by another server are found by reading the store again, and that takes little of
 * the server's time however many there are.
 */
export class TokenIndex {
  readonly #store: TokenStore;
  readonly #clock: Clock;
  #tokens = new Map<string, IndexedToken>();
  #list: readonly IndexedToken[] | null = null;
  /** Made here since the last reading began: that one may have missed them. */
  #added = new Map<string, IndexedToken>();
  #readableAt: number | null = null;
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #first: Promise<void> | null = null;

  constructor(store: TokenStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** All that may be matched. The list is not changed afterwards. */
  get candidates(): readonly IndexedToken[] {
    this.#list ??= [...this.#tokens.values()];
    return this.#list;
  }

  add({ token, ...record }: IssuedToken): void {
    const indexed = this.#index(record, token);
    this.#tokens.set(record.id, indexed);
    this.#added.set(record.id, indexed);
    this.#list = null;
  }

  /** Settles when the store has been read for the first time. */
  prepare(): Promise<void> {
    this.#first ??= this.reload().catch((error: unknown) => {
      this.#first = null;
      throw error;
    });
    return this.#first;
  }

  /** Reads the store; the read begins after this call, so that it includes all earlier changes. */
  reload(): Promise<void> {
    this.#next ??= this.#readSerially();
    return this.#next;
  }

  /** All who ask before a reading begins share it. */
  async #readSerially(): Promise<void> {
    await this.#reading.catch(() => undefined);
    if (this.#readableAt !== null) await this.#waitUntil(this.#readableAt);
    this.#next = null;
    this.#reading = this.#read();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const began = this.#clock.monotonic();
    this.#added = new Map();
    try {
      await this.#replace(this.#clock.now());
    } finally {
      const ended = this.#clock.monotonic();
      // The first one is slow because the server starts meanwhile: that says nothing about the next.
      const share = this.#readableAt === null ? 0 : PROXY_LIMITS.tokenReloadShare;
      const pause = Math.min(PROXY_LIMITS.tokenReloadPauseMs, share * (ended - began));
      this.#readableAt = ended + Math.max(PROXY_LIMITS.tokenReloadMs, pause);
    }
  }

  async #replace(now: number): Promise<void> {
    const tokens = new Map<string, IndexedToken>();
    let after: string | null = null;
    do {
      const page: OpenTokensPage = await this.#store.listOpen(now, {
        after,
        limit: PROXY_LIMITS.tokenReloadPage,
      });
      for (const token of page.tokens) {
        const indexed = this.#tokens.get(token.id) ?? this.#open(token);
        if (indexed) tokens.set(token.id, indexed);
      }
      after = page.next;
      await new Promise(setImmediate);
    } while (after !== null);
    for (const [id, token] of this.#added) tokens.set(id, token);
    this.#tokens = tokens;
    this.#list = null;
  }

  #open({ reveal, ...record }: SealedToken): IndexedToken | null {
    const token = reveal();
    return token === null ? null : this.#index(record, token);
  }

  #index(record: TokenRecord, token: string): IndexedToken {
    const endsAt = this.#clock.monotonic() + record.expiresAt - this.#clock.now();
    return { ...record, endsAt, key: prepareToken(token) };
  }

  #waitUntil(time: number): Promise<void> {
    const wait = time - this.#clock.monotonic();
    if (wait <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#clock.after(wait, resolve);
    });
  }
}
