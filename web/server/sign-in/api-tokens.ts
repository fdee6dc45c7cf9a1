import { randomUUID } from "node:crypto";
import type { Clock } from "../../../protocol/index.ts";
import {
  AddressRanges,
  generateSecret,
  hashSecret,
  type ApiTokenRecord,
  type Stores,
  type UserRecord,
} from "../../../proxy/index.ts";
import type { ApiScope } from "../../api/schemas.ts";

const PREFIX = "pst_";
const TOKEN_FORM = /^pst_[\w-]{43}$/;
/** How exact the time is that a token was last used: its row is not written at every request. */
const USED_MS = 60_000;

/** What a new token is. */
export interface ApiTokenGrant {
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  readonly sources: readonly string[];
  readonly ttlSeconds: number;
}

export interface IssuedApiToken {
  readonly record: ApiTokenRecord;
  /** Stored nowhere. */
  readonly token: string;
}

/** `reason`: a code for the audit log; who asks learns the same for all of them. */
export type ApiTokenFinding =
  | {
      readonly kind: "open";
      readonly hash: string;
      readonly record: ApiTokenRecord;
      readonly user: UserRecord;
    }
  | { readonly kind: "refused"; readonly reason: string; readonly user: UserRecord | null };

/** Tokens of the API: 256 random bits, of which only the SHA-256 is kept. */
export class ApiTokens {
  readonly #stores: Pick<Stores, "apiTokens" | "users">;
  readonly #clock: Clock;

  constructor(stores: Pick<Stores, "apiTokens" | "users">, clock: Clock) {
    this.#stores = stores;
    this.#clock = clock;
  }

  async issue(userId: string, { name, scopes, sources, ttlSeconds }: ApiTokenGrant): Promise<IssuedApiToken> {
    const token = PREFIX + generateSecret();
    const now = this.#clock.now();
    const record: ApiTokenRecord = {
      id: randomUUID(),
      userId,
      name,
      scopes: [...new Set(scopes)],
      sources: [...new Set(sources)],
      createdAt: now,
      expiresAt: now + ttlSeconds * 1000,
      lastUsedAt: null,
    };
    await this.#stores.apiTokens.create(hashSecret(token), record);
    return { record, token };
  }

  /** @param address where the request comes from; null: not known, and then a token with source ranges is refused */
  async find(token: string, address: string | null): Promise<ApiTokenFinding> {
    const refused = (reason: string, user: UserRecord | null = null): ApiTokenFinding => ({
      kind: "refused",
      reason,
      user,
    });
    if (!TOKEN_FORM.test(token)) return refused("API_TOKEN_REFUSED");
    const hash = hashSecret(token);
    const now = this.#clock.now();
    const record = await this.#stores.apiTokens.find(hash, now);
    if (record === null) return refused("API_TOKEN_REFUSED");
    const user = await this.#stores.users.find(record.userId);
    if (user === null) return refused("API_TOKEN_REFUSED");
    if (user.disabledAt !== null) return refused("USER_DISABLED", user);
    if (!isFrom(address, record.sources)) return refused("API_TOKEN_SOURCE", user);
    if (record.lastUsedAt === null || now - record.lastUsedAt >= USED_MS)
      await this.#stores.apiTokens.touch(hash, now);
    return { kind: "open", hash, record, user };
  }

  list(userId: string): Promise<ApiTokenRecord[]> {
    return this.#stores.apiTokens.listByUser(userId, this.#clock.now());
  }

  /** Which tokens that were found before are still valid. */
  filterOpen(hashes: readonly string[]): Promise<Set<string>> {
    return this.#stores.apiTokens.filterOpen(hashes, this.#clock.now());
  }

  /** One of an account's; says whether it was there. */
  remove(userId: string, id: string): Promise<boolean> {
    return this.#stores.apiTokens.removeById(userId, id);
  }
}

function isFrom(address: string | null, sources: readonly string[]): boolean {
  if (sources.length === 0) return true;
  return address !== null && new AddressRanges(sources).contains(address);
}
