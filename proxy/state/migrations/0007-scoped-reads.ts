import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** For reading a machine's desktops, a person's and a host's machines, and what waits, without reading all. */
export const scopedReads: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const [table, column] of [
      ["desktops", "machine_id"],
      ["machines", "owner_id"],
      ["machines", "agent_id"],
      ["machines", "state"],
    ] as const)
      await db.schema.createIndex(`${table}_by_${column}`).on(table).column(column).execute();
    await db.schema
      .createIndex("desktops_by_state_last_seen_at")
      .on("desktops")
      .columns(["state", "last_seen_at"])
      .execute();
  },
};
