import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** When a machine whose power button was pressed is switched off. */
export const powerOff: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable("machines").addColumn("power_off_at", "bigint").execute();
  },
};
