import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Tokens of the API, and sign-ins of the command line that wait for a person at the page. Both end with their account. */
export const apiTokens: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("api_tokens")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      .addColumn("hash", "text", (column) => column.notNull().unique())
      .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("sources", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .addColumn("last_used_at", "bigint")
      .execute();
    await db.schema.createIndex("api_tokens_by_user").on("api_tokens").columns(["user_id"]).execute();
    await db.schema
      .createIndex("api_tokens_by_expires_at")
      .on("api_tokens")
      .columns(["expires_at"])
      .execute();
    await db.schema
      .createTable("device_logins")
      .addColumn("hash", "text", (column) => column.primaryKey().notNull())
      .addColumn("code_hash", "text", (column) => column.notNull().unique())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("address", "text")
      .addColumn("user_id", "text", (column) => column.references("users.id").onDelete("cascade"))
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("device_logins_by_expires_at")
      .on("device_logins")
      .columns(["expires_at"])
      .execute();
    await db.schema.createIndex("device_logins_by_user").on("device_logins").columns(["user_id"]).execute();
  },
};
