import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Second factors of accounts: authenticator apps, passkeys, and recovery codes, one row each. */
export const factors: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("factors")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("locator", "text", (column) => column.notNull())
      .addColumn("sealed", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("counter", "bigint", (column) => column.notNull())
      .addColumn("tries", "integer", (column) => column.notNull())
      .addColumn("open_at", "bigint", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("last_used_at", "bigint")
      .execute();
    await db.schema.createIndex("factors_by_user_id").on("factors").columns(["user_id"]).execute();
    await db.schema.createIndex("factors_by_locator").on("factors").columns(["locator"]).unique().execute();
  },
};
