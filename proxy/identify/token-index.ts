import { prepareToken, type Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { OpenToken, TokenRecord } from "../state/records.ts";
import type { TokenStore } from "../state/stores.ts";
import type { Candidate } from "./token-scan.ts";

export interface IndexedToken extends TokenRecord, Candidate {}

/**
 * The open tokens, ready for matching: their plaintext is not kept, only the key that DES makes of it.
 * Tokens made by another server are found by reading the store again, at most every few seconds.
 */
export class TokenIndex {
  readonly #store: TokenStore;
  readonly #clock: Clock;
  #tokens = new Map<string, IndexedToken>();
  #list: readonly IndexedToken[] | null = null;
  #loadedAt: number | null = null;
  #loading: Promise<void> | null = null;

  constructor(store: TokenStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** All that may be matched. The list is not changed afterwards. */
  get candidates(): readonly IndexedToken[] {
    this.#list ??= [...this.#tokens.values()];
    return this.#list;
  }

  get loaded(): boolean {
    return this.#loadedAt !== null;
  }

  add(token: OpenToken): void {
    this.#tokens.set(token.id, index(token));
    this.#list = null;
  }

  /** Reads the store; the reading begins after this call, so that it sees whatever was made before. */
  async reload(): Promise<void> {
    if (this.#loading) await this.#loading;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    await this.#loading;
  }

  async #load(): Promise<void> {
    if (this.#loadedAt !== null) await this.#waitUntil(this.#loadedAt + LIMITS.tokenReloadMs);
    this.#loadedAt = this.#clock.monotonic();
    const open = await this.#store.listOpen(this.#clock.now());
    const tokens = new Map<string, IndexedToken>();
    for (const [position, token] of open.entries()) {
      tokens.set(token.id, this.#tokens.get(token.id) ?? index(token));
      if (position % LIMITS.scanStride === LIMITS.scanStride - 1) await new Promise(setImmediate);
    }
    for (const [id, token] of this.#tokens) {
      // Made here while the store was read.
      if (!tokens.has(id) && token.createdAt >= this.#clock.now() - LIMITS.tokenReloadMs)
        tokens.set(id, token);
    }
    this.#tokens = tokens;
    this.#list = null;
  }

  #waitUntil(time: number): Promise<void> {
    const wait = time - this.#clock.monotonic();
    if (wait <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#clock.after(wait, resolve);
    });
  }
}

function index({ token, ...record }: OpenToken): IndexedToken {
  return { ...record, key: prepareToken(token) };
}
