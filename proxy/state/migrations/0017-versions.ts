import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** How often accounts and groups were changed: two people who change one at once hear of each other. */
export const versions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const table of ["users", "groups"])
      await db.schema
        .alterTable(table)
        .addColumn("version", "integer", (column) => column.notNull().defaultTo(1))
        .execute();
  },
};
