import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Requests that a program may send again: what was asked for, and what was answered. */
export const repeatedRequests: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("repeated_requests")
      .addColumn("key", "text", (column) => column.primaryKey().notNull())
      .addColumn("owner", "text", (column) => column.notNull())
      .addColumn("request", "text", (column) => column.notNull())
      .addColumn("held_until", "bigint", (column) => column.notNull())
      .addColumn("status", "integer")
      .addColumn("sealed", "text")
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("repeated_requests_by_owner_expires_at")
      .on("repeated_requests")
      .columns(["owner", "expires_at"])
      .execute();
    await db.schema
      .createIndex("repeated_requests_by_expires_at")
      .on("repeated_requests")
      .columns(["expires_at"])
      .execute();
  },
};
