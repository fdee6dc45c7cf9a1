import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What a session is denied, and what ends it while it runs. */
export const policy: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of ["tokens", "tickets", "sessions"]) {
      await db.schema
        .alterTable(table)
        .addColumn("denied", "text", (column) => column.notNull().defaultTo(sql`''`))
        .execute();
    }
    await db.schema.alterTable("tokens").addColumn("revoked_at", "bigint").execute();
    await db.schema.alterTable("sessions").addColumn("ordered_end", "text").execute();
    await db.schema.alterTable("users").addColumn("disabled_at", "bigint").execute();
    await db.schema.createIndex("tokens_by_created_by").on("tokens").column("created_by").execute();
  },
};
