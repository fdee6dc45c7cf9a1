import type { Kysely } from "kysely";
import type { LoginRecord } from "./state-records.ts";
import type { LoginStore } from "./account-stores.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";

const RECORD = [
  "id",
  "userId",
  "address",
  "browser",
  "createdAt",
  "lastSeenAt",
  "confirmedAt",
  "expiresAt",
] as const;

export class SqlLoginStore implements LoginStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, login: LoginRecord): Promise<void> {
    await rejectOnViolation("reference", "USER_UNKNOWN", "The user is unknown.", () =>
      this.#db
        .insertInto("logins")
        .values({ hash, ...login })
        .execute(),
    );
  }

  async find(hash: string, now: number): Promise<LoginRecord | null> {
    const found = await this.#db
      .selectFrom("logins")
      .select(RECORD)
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    return found ?? null;
  }

  async filterOpen(hashes: readonly string[], now: number): Promise<Set<string>> {
    const rows = await inBatches(hashes, (batch) =>
      this.#db
        .selectFrom("logins")
        .innerJoin("users", "users.id", "logins.userId")
        .select("logins.hash")
        .where("logins.hash", "in", batch)
        .where("logins.expiresAt", ">", now)
        .where("users.disabledAt", "is", null)
        .execute(),
    );
    return new Set(rows.map(({ hash }) => hash));
  }

  listByUser(userId: string, now: number): Promise<LoginRecord[]> {
    return this.#db
      .selectFrom("logins")
      .select(RECORD)
      .where("userId", "=", userId)
      .where("expiresAt", ">", now)
      .orderBy("createdAt", "desc")
      .execute();
  }

  async touch(hash: string, now: number): Promise<void> {
    await this.#db.updateTable("logins").set({ lastSeenAt: now }).where("hash", "=", hash).execute();
  }

  async confirm(hash: string, now: number): Promise<void> {
    await this.#db.updateTable("logins").set({ confirmedAt: now }).where("hash", "=", hash).execute();
  }

  async removeById(userId: string, id: string): Promise<boolean> {
    const gone = await this.#db
      .deleteFrom("logins")
      .where("userId", "=", userId)
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return gone.numDeletedRows > 0n;
  }

  async removeOthers(userId: string, exceptHash: string | null): Promise<number> {
    const gone = await this.#db
      .deleteFrom("logins")
      .where("userId", "=", userId)
      .$if(exceptHash !== null, (query) => query.where("hash", "!=", exceptHash ?? ""))
      .executeTakeFirstOrThrow();
    return Number(gone.numDeletedRows);
  }

  async remove(hash: string): Promise<void> {
    await this.#db.deleteFrom("logins").where("hash", "=", hash).execute();
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, "logins", now);
  }
}
