import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What was asked for beside processors and memory, how long a machine lives, and who looks after it at the moment. */
export const machineOrders: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const [name, initial] of [
      ["wish", "{}"],
      ["tried", "[]"],
    ] as const)
      await db.schema
        .alterTable("machines")
        .addColumn(name, "text", (column) => column.notNull().defaultTo(sql.lit(initial)))
        .execute();
    for (const name of ["one_shot", "viewed", "saved"])
      await db.schema
        .alterTable("machines")
        .addColumn(name, "integer", (column) => column.notNull().defaultTo(sql.lit(0)))
        .execute();
    for (const name of ["lifetime_ms", "expires_at", "warned_at", "idle_since", "claimed_until"])
      await db.schema.alterTable("machines").addColumn(name, "bigint").execute();
    for (const name of ["ending", "claimed_by"])
      await db.schema.alterTable("machines").addColumn(name, "text").execute();
    await db.schema.alterTable("machines").addColumn("progress", "integer").execute();
    await db.schema.alterTable("agents").addColumn("drained_at", "bigint").execute();
    await db.schema
      .createTable("data_disks")
      .addColumn("name", "text", (column) => column.primaryKey().notNull())
      .addColumn("agent_id", "text", (column) => column.notNull().references("agents.id").onDelete("cascade"))
      .execute();
    await db.schema.createIndex("data_disks_by_agent_id").on("data_disks").column("agent_id").execute();
  },
};
