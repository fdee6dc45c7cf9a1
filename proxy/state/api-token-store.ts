import type { Kysely } from "kysely";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";
import type { ApiTokenRecord } from "./state-records.ts";
import type { ApiTokenStore } from "./account-stores.ts";
import type { ApiTokenColumns, Tables } from "./tables.ts";

const RECORD = ["id", "userId", "name", "scopes", "sources", "createdAt", "expiresAt", "lastUsedAt"] as const;

/** What is listed is separated by spaces: neither a scope nor a range of addresses has one. */
export class SqlApiTokenStore implements ApiTokenStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, token: ApiTokenRecord): Promise<void> {
    const { scopes, sources } = token;
    await rejectOnViolation("reference", "USER_UNKNOWN", "The user is unknown.", () =>
      this.#db
        .insertInto("apiTokens")
        .values({ ...token, hash, scopes: scopes.join(" "), sources: sources.join(" ") })
        .execute(),
    );
  }

  async find(hash: string, now: number): Promise<ApiTokenRecord | null> {
    const found = await this.#db
      .selectFrom("apiTokens")
      .select(RECORD)
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    return found === undefined ? null : toRecord(found);
  }

  async filterOpen(hashes: readonly string[], now: number): Promise<Set<string>> {
    const rows = await inBatches(hashes, (batch) =>
      this.#db
        .selectFrom("apiTokens")
        .innerJoin("users", "users.id", "apiTokens.userId")
        .select("apiTokens.hash")
        .where("apiTokens.hash", "in", batch)
        .where("apiTokens.expiresAt", ">", now)
        .where("users.disabledAt", "is", null)
        .execute(),
    );
    return new Set(rows.map(({ hash }) => hash));
  }

  async listByUser(userId: string, now: number): Promise<ApiTokenRecord[]> {
    const own = this.#db.selectFrom("apiTokens").select(RECORD).where("userId", "=", userId);
    const rows = await own.where("expiresAt", ">", now).orderBy("createdAt", "desc").orderBy("id").execute();
    return rows.map(toRecord);
  }

  async touch(hash: string, now: number): Promise<void> {
    await this.#db.updateTable("apiTokens").set({ lastUsedAt: now }).where("hash", "=", hash).execute();
  }

  async removeById(userId: string, id: string): Promise<boolean> {
    const gone = await this.#db
      .deleteFrom("apiTokens")
      .where("userId", "=", userId)
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return gone.numDeletedRows > 0n;
  }

  async deleteExpired(now: number): Promise<number> {
    const gone = await this.#db
      .deleteFrom("apiTokens")
      .where("expiresAt", "<=", now)
      .executeTakeFirstOrThrow();
    return Number(gone.numDeletedRows);
  }
}

function toRecord({ scopes, sources, ...rest }: Omit<ApiTokenColumns, "hash">): ApiTokenRecord {
  return { ...rest, scopes: splitList(scopes), sources: splitList(sources) };
}

function splitList(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}
