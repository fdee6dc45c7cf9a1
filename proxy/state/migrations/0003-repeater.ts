import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Numbers by which UltraVNC's repeater protocol names a desktop. */
export const repeater: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("repeater_ids")
      .addColumn("hash", "text", (column) => column.primaryKey().notNull())
      .addColumn("desktop_id", "text", (column) =>
        column.notNull().references("desktops.id").onDelete("cascade"),
      )
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex("repeater_ids_by_desktop_id")
      .on("repeater_ids")
      .columns(["desktop_id"])
      .execute();
  },
};
