import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** From which session at another service a login comes, so that the two can end together. */
export const providerSessions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("provider_sessions")
      .addColumn("login_hash", "text", (column) =>
        column.primaryKey().notNull().references("logins.hash").onDelete("cascade"),
      )
      .addColumn("provider", "text", (column) => column.notNull())
      .addColumn("session", "text")
      .addColumn("sealed", "text")
      .execute();
    await db.schema
      .createIndex("provider_sessions_by_session")
      .on("provider_sessions")
      .columns(["provider", "session"])
      .execute();
  },
};
