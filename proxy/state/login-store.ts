import type { Kysely } from "kysely";
import type { LoginRecord } from "./state-records.ts";
import type { LoginStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";

export class SqlLoginStore implements LoginStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, login: LoginRecord): Promise<void> {
    const { userId, createdAt, expiresAt } = login;
    await rejectOnViolation("reference", "USER_UNKNOWN", "The user is unknown.", () =>
      this.#db.insertInto("logins").values({ hash, userId, createdAt, expiresAt }).execute(),
    );
  }

  async find(hash: string, now: number): Promise<LoginRecord | null> {
    const found = await this.#db
      .selectFrom("logins")
      .select(["userId", "createdAt", "expiresAt"])
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

  async remove(hash: string): Promise<void> {
    await this.#db.deleteFrom("logins").where("hash", "=", hash).execute();
  }

  async deleteExpired(now: number): Promise<number> {
    const gone = await this.#db.deleteFrom("logins").where("expiresAt", "<=", now).executeTakeFirstOrThrow();
    return Number(gone.numDeletedRows);
  }
}
