import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { JoinSecretStore } from "./stores.ts";
import type { Tables } from "./schema.ts";

export class SqlJoinSecretStore implements JoinSecretStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async create(hash: string, expiresAt: number): Promise<void> {
    // Secrets are few and made by hand: making one is the time to drop those that nobody used.
    await this.#db.deleteFrom("joinSecrets").where("expiresAt", "<=", this.#clock.now()).execute();
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
}
