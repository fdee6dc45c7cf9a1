import type { Kysely } from "kysely";
import { type Clock, ConfigError } from "../../protocol/index.ts";
import type { ServiceStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import type { Sealer } from "./sealer.ts";

const TABLE = "service";

export class SqlServiceStore implements ServiceStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, clock: Clock, sealer: Sealer) {
    this.#db = db;
    this.#clock = clock;
    this.#sealer = sealer;
  }

  async get(name: string): Promise<string | null> {
    const row = await this.#db.selectFrom(TABLE).select("sealed").where("name", "=", name).executeTakeFirst();
    return row === undefined ? null : this.#open(name, row.sealed);
  }

  async getOrCreate(name: string, make: () => string | Promise<string>): Promise<string> {
    const present = await this.get(name);
    if (present !== null) return present;
    const sealed = this.#sealer.seal(TABLE, name, await make());
    await this.#db
      .insertInto(TABLE)
      .values({ name, sealed, createdAt: this.#clock.now() })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
    const row = await this.#db
      .selectFrom(TABLE)
      .select("sealed")
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    return this.#open(name, row.sealed);
  }

  async replace(name: string, expected: string, value: string): Promise<boolean> {
    const row = await this.#db.selectFrom(TABLE).select("sealed").where("name", "=", name).executeTakeFirst();
    if (row === undefined || this.#open(name, row.sealed) !== expected) return false;
    const replaced = await this.#db
      .updateTable(TABLE)
      .set({ sealed: this.#sealer.seal(TABLE, name, value) })
      .where("name", "=", name)
      // No two seals are alike: this is the very value that was read.
      .where("sealed", "=", row.sealed)
      .returning("name")
      .executeTakeFirst();
    return replaced !== undefined;
  }

  #open(name: string, sealed: string): string {
    const value = this.#sealer.unseal(TABLE, name, sealed);
    if (value !== null) return value;
    throw new ConfigError(
      "MASTER_KEY_WRONG",
      "The data folder's master.key does not fit the database. Put back the key that the database was made with; " +
        "servers that share a database share this file.",
      { safeMessage: "The server's key does not fit its database." },
    );
  }
}
