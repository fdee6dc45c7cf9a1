import type { Kysely } from "kysely";
import { rejectOnViolation } from "./constraint.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";
import type { RepeaterIdStore } from "./stores.ts";

const TABLE = "repeaterIds";

export class SqlRepeaterIdStore implements RepeaterIdStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, desktopId: string, expiresAt: number): Promise<void> {
    await rejectOnViolation("reference", "DESKTOP_UNKNOWN", "The desktop is unknown.", () =>
      this.#db.insertInto(TABLE).values({ hash, desktopId, expiresAt }).execute(),
    );
  }

  async find(hash: string, now: number): Promise<string | null> {
    const row = await this.#db
      .selectFrom(TABLE)
      .select("desktopId")
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    return row?.desktopId ?? null;
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, TABLE, now);
  }
}
