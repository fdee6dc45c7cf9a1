import type { Kysely } from "kysely";
import type { SignInStepStore } from "./account-stores.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";
import type { Sealer } from "./sealer.ts";

const TABLE = "signInSteps";

export class SqlSignInStepStore implements SignInStepStore {
  readonly #db: Kysely<Tables>;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async create(hash: string, value: string, expiresAt: number): Promise<void> {
    const sealed = this.#sealer.seal(TABLE, hash, value);
    await this.#db.insertInto(TABLE).values({ hash, sealed, tries: 0, expiresAt }).execute();
  }

  async try(hash: string, now: number, maxTries: number): Promise<string | null> {
    const counted = await this.#db
      .updateTable(TABLE)
      .set(({ eb }) => ({ tries: eb("tries", "+", 1) }))
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .where("tries", "<", maxTries)
      .returning("sealed")
      .executeTakeFirst();
    return counted === undefined ? null : this.#sealer.unseal(TABLE, hash, counted.sealed);
  }

  async take(hash: string): Promise<boolean> {
    const taken = await this.#db.deleteFrom(TABLE).where("hash", "=", hash).executeTakeFirstOrThrow();
    return taken.numDeletedRows > 0n;
  }

  async useOnce(hash: string, expiresAt: number): Promise<boolean> {
    const used = await this.#db
      .insertInto(TABLE)
      .values({ hash, sealed: "", tries: 0, expiresAt })
      .onConflict((conflict) => conflict.column("hash").doNothing())
      .returning("hash")
      .executeTakeFirst();
    return used !== undefined;
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, TABLE, now);
  }
}
