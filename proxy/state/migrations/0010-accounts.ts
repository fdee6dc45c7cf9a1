import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * Accounts of several sign-in providers, sign-ins that take more than one step, and logins that their owner can tell apart. Accounts of before are the server's own.
 * The id of a login of before is the beginning of its hash, from which the hash cannot be told.
 */
export const accounts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable("users")
      .addColumn("provider", "text", (column) => column.notNull().defaultTo(sql.lit("local")))
      .execute();
    for (const column of ["subject", "email"])
      await db.schema.alterTable("users").addColumn(column, "text").execute();
    await db.schema.alterTable("users").addColumn("last_login_at", "bigint").execute();
    // Accounts without a subject are many: null equals nothing in a unique index.
    await db.schema
      .createIndex("users_by_provider_subject")
      .on("users")
      .columns(["provider", "subject"])
      .unique()
      .execute();
    await db.schema.createIndex("users_by_role").on("users").columns(["role"]).execute();
    await db.schema
      .createTable("sign_in_steps")
      .addColumn("hash", "text", (column) => column.primaryKey().notNull())
      .addColumn("sealed", "text", (column) => column.notNull())
      .addColumn("tries", "integer", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("sign_in_steps_by_expires_at")
      .on("sign_in_steps")
      .columns(["expires_at"])
      .execute();
    for (const column of ["id", "address", "browser"])
      await db.schema.alterTable("logins").addColumn(column, "text").execute();
    for (const column of ["last_seen_at", "confirmed_at"])
      await db.schema.alterTable("logins").addColumn(column, "bigint").execute();
    await sql`update logins set id = substr(hash, 1, 16), last_seen_at = created_at, confirmed_at = created_at`.execute(
      db,
    );
    await db.schema.createIndex("logins_by_id").on("logins").columns(["id"]).unique().execute();
  },
};
