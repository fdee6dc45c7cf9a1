import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * What an agent may be is fixed by the join secret, and hosts wait until they are let in. Agents of before keep the role that
 * they were last seen with; a host of before had been taking machines, so it is let in. Desktops that are gone age from the
 * time when their agent was last here.
 */
export const agentRoles: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable("join_secrets")
      .addColumn("role", "text", (column) => column.notNull().defaultTo(sql.lit("agent")))
      .execute();
    await db.schema
      .alterTable("join_secrets")
      .addColumn("admit", "integer", (column) => column.notNull().defaultTo(sql.lit(0)))
      .execute();
    await db.schema.alterTable("agents").addColumn("admitted_at", "bigint").execute();
    await db.schema.alterTable("agents").addColumn("rights_changed_at", "bigint").execute();
    await sql`update agents set admitted_at = created_at where kind = 'host'`.execute(db);
    // Until now a desktop did not keep when it was last seen if its agent went away with it.
    await sql`update desktops set last_seen_at = coalesce((select agents.last_seen_at from agents
      where agents.id = desktops.agent_id and agents.last_seen_at > desktops.last_seen_at), last_seen_at)`.execute(
      db,
    );
  },
};
