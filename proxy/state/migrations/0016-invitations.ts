import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Ways to an account: links by which administrators invite, and people who ask. An invitation ends with the account of its maker. */
export const invitations: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("invitations")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      .addColumn("hash", "text", (column) => column.notNull().unique())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("group_ids", "text", (column) => column.notNull())
      .addColumn("name", "text")
      .addColumn("email", "text")
      .addColumn("created_by", "text", (column) => column.references("users.id").onDelete("cascade"))
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    for (const column of ["expires_at", "created_by"])
      await db.schema.createIndex(`invitations_by_${column}`).on("invitations").columns([column]).execute();
    await db.schema
      .createTable("sign_up_requests")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("name_key", "text", (column) => column.notNull())
      .addColumn("password_hash", "text", (column) => column.notNull())
      .addColumn("reason", "text", (column) => column.notNull())
      .addColumn("source", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    for (const column of ["name_key", "source", "expires_at"])
      await db.schema
        .createIndex(`sign_up_requests_by_${column}`)
        .on("sign_up_requests")
        .columns([column])
        .execute();
  },
};
