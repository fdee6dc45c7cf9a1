import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** The first tables. Times are epoch milliseconds; text and bigint mean the same to both databases. */
export const initialSchema: Migration = {
  async up(db: Kysely<unknown>) {
    await createAgentTables(db);
    await createSecretTables(db);
    await createPeopleTables(db);
    await db.schema
      .createTable("sessions")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      .addColumn("desktop_id", "text", (column) => column.notNull())
      .addColumn("desktop_name", "text", (column) => column.notNull())
      .addColumn("agent_id", "text", (column) => column.notNull())
      .addColumn("server_id", "text", (column) => column.notNull())
      .addColumn("method", "text", (column) => column.notNull())
      .addColumn("transport", "text", (column) => column.notNull())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("source_address", "text", (column) => column.notNull())
      .addColumn("started_at", "bigint", (column) => column.notNull())
      .addColumn("ended_at", "bigint")
      .addColumn("cause", "text")
      .addColumn("bytes_to_viewer", "bigint", (column) => column.notNull())
      .addColumn("bytes_to_server", "bigint", (column) => column.notNull())
      .execute();
    await createIndex(db, "sessions", ["started_at"]);
    await createIndex(db, "sessions", ["state", "started_at"]);
    await db.schema
      .createTable("machines")
      .addColumn("id", "text", (column) => column.primaryKey().notNull())
      .addColumn("name", "text", (column) => column.notNull().unique())
      .addColumn("image", "text", (column) => column.notNull())
      .addColumn("owner_id", "text", (column) => column.notNull())
      .addColumn("agent_id", "text")
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("reason", "text")
      .addColumn("accel", "text")
      .addColumn("cpus", "integer", (column) => column.notNull())
      .addColumn("memory_mb", "integer", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("since", "bigint", (column) => column.notNull())
      .execute();
  },
};

async function createAgentTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("agents")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("public_key", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("last_seen_at", "bigint")
    .addColumn("revoked_at", "bigint")
    .addColumn("server_id", "text")
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .execute();
  await createIndex(db, "agents", ["server_id"]);
  await db.schema
    .createTable("desktops")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("agent_id", "text", (column) => column.notNull().references("agents.id").onDelete("cascade"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("machine_id", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("last_seen_at", "bigint", (column) => column.notNull())
    .addUniqueConstraint("desktops_agent_id_name", ["agent_id", "name"])
    .execute();
  await createIndex(db, "desktops", ["name"]);
}

async function createSecretTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("tokens")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("desktop_id", "text", (column) =>
      column.notNull().references("desktops.id").onDelete("cascade"),
    )
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("sealed", "text", (column) => column.notNull())
    .execute();
  await createIndex(db, "tokens", ["desktop_id"]);
  await createIndex(db, "tokens", ["expires_at"]);
  await db.schema
    .createTable("tickets")
    .addColumn("hash", "text", (column) => column.primaryKey().notNull())
    .addColumn("desktop_id", "text", (column) =>
      column.notNull().references("desktops.id").onDelete("cascade"),
    )
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await createIndex(db, "tickets", ["desktop_id"]);
  await createIndex(db, "tickets", ["expires_at"]);
  await db.schema
    .createTable("join_secrets")
    .addColumn("hash", "text", (column) => column.primaryKey().notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("service")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("sealed", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
}

async function createPeopleTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("users")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("name_key", "text", (column) => column.notNull().unique())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("password_hash", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("logins")
    .addColumn("hash", "text", (column) => column.primaryKey().notNull())
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await createIndex(db, "logins", ["user_id"]);
  await createIndex(db, "logins", ["expires_at"]);
}

async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_by_${columns.join("_")}`)
    .on(table)
    .columns(columns)
    .execute();
}
