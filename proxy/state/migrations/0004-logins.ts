import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** By which login a ticket was made, and so a session opened: it ends with that login. Null: by none. */
export const logins: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const table of ["tickets", "sessions"])
      await db.schema.alterTable(table).addColumn("login_hash", "text").execute();
  },
};
