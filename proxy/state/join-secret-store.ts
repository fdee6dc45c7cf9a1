import type { Kysely } from "kysely";
import type { JoinSecretStore } from "./stores.ts";
import type { Tables } from "./tables.ts";

export class SqlJoinSecretStore implements JoinSecretStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, expiresAt: number): Promise<void> {
    await this.#db.insertInto("joinSecrets").values({ hash, expiresAt }).execute();
  }

  async take(hash: string, now: number): Promise<boolean> {
    const taken = await this.#db
      .deleteFrom("joinSecrets")
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .returning("hash")
      .executeTakeFirst();
    return taken !== undefined;
  }

  async deleteExpired(now: number): Promise<number> {
    const query = this.#db.deleteFrom("joinSecrets").where("expiresAt", "<=", now);
    return Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
  }
}
