import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * Groups, what people and groups may do, and labels. Each change of rights has a number: servers read what was changed since the
 * last one that they know.
 */
export const grants: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createGroupTables(db);
    await db.schema
      .createTable("grants")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      // One of the next two: rules are found by it, whoever holds them.
      .addColumn("holder_id", "text", (column) => column.notNull())
      .addColumn("user_id", "text", (column) => column.references("users.id").onDelete("cascade"))
      .addColumn("group_id", "text", (column) => column.references("groups.id").onDelete("cascade"))
      .addColumn("may", "text", (column) => column.notNull())
      .addColumn("target", "text", (column) => column.notNull())
      .addColumn("pattern", "text", (column) => column.notNull())
      .addColumn("agent", "text")
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("exact", "integer", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addUniqueConstraint("grants_holder_target", ["holder_id", "target", "pattern", "may"])
      .execute();
    await createIndex(db, "grants", ["user_id"]);
    await createIndex(db, "grants", ["group_id"]);
    await createIndex(db, "grants", ["target", "exact", "name"]);
    await createIndex(db, "grants", ["created_at", "id"]);
    await db.schema
      .createTable("labels")
      .addColumn("target_id", "text", (column) => column.notNull())
      .addColumn("label", "text", (column) => column.notNull())
      .addColumn("agent_id", "text", (column) => column.references("agents.id").onDelete("cascade"))
      .addColumn("desktop_id", "text", (column) => column.references("desktops.id").onDelete("cascade"))
      .addPrimaryKeyConstraint("labels_of_target", ["target_id", "label"])
      .execute();
    await createIndex(db, "labels", ["label"]);
    await createIndex(db, "labels", ["agent_id"]);
    await createIndex(db, "labels", ["desktop_id"]);
    await createIndex(db, "agents", ["name"]);
    await createChangeTables(db);
  },
};

async function createGroupTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("groups")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("name_key", "text", (column) => column.notNull().unique())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("known_as", "text", (column) => column.notNull())
    .addColumn("known_key", "text", (column) => column.notNull())
    .addColumn("limits", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addUniqueConstraint("groups_source_known_key", ["source", "known_key"])
    .execute();
  await db.schema
    .createTable("group_members")
    .addColumn("group_id", "text", (column) => column.notNull().references("groups.id").onDelete("cascade"))
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addPrimaryKeyConstraint("group_members_of_group", ["group_id", "user_id"])
    .execute();
  await createIndex(db, "group_members", ["user_id", "group_id"]);
}

async function createChangeTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("rights_revision")
    .addColumn("id", "integer", (column) => column.primaryKey().notNull())
    .addColumn("revision", "bigint", (column) => column.notNull())
    .execute();
  await sql`insert into rights_revision (id, revision) values (1, 0)`.execute(db);
  await db.schema
    .createTable("rights_changes")
    .addColumn("revision", "bigint", (column) => column.primaryKey().notNull())
    .addColumn("user_id", "text")
    .addColumn("group_id", "text")
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .execute();
  await createIndex(db, "rights_changes", ["changed_at"]);
}

async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_by_${columns.join("_")}`)
    .on(table)
    .columns(columns)
    .execute();
}
