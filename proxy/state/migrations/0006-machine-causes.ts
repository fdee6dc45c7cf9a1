import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Why a machine is as it is, for other languages than that of `reason`. */
export const machineCauses: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable("machines").addColumn("cause", "text").execute();
  },
};
