import type { Kysely, Migration } from "kysely";

/** Why a machine is as it is, for other languages than that of `reason`. */
export const machineCauses: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable("machines").addColumn("cause", "text").execute();
  },
};
