import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock, type Clock } from "../../protocol/index.ts";
import { migrate } from "../../proxy/state/migrate.ts";
import { openPostgresForMigration } from "../../proxy/state/postgres.ts";
import { openSqlite } from "../../proxy/state/sqlite.ts";
import { openStores, type Stores } from "../../proxy/index.ts";
import { queryPostgres, type PostgresServer } from "./postgres.ts";

let migrated: Promise<Buffer> | undefined;

/** Opens a new database in `folder`. Its tables are copied: to migrate each one would cost more than most tests do. */
export async function openNewStores(
  folder: string,
  clock: Clock = systemClock,
  masterKey: Buffer = Buffer.alloc(32, 7),
): Promise<Stores> {
  const file = await makeMigratedFile(folder);
  return openStores({ database: `sqlite:${file}`, masterKey }, clock);
}

/** A database in `folder` with this version's tables and nothing in them. @returns its path */
export async function makeMigratedFile(folder: string): Promise<string> {
  migrated ??= readMigrated();
  const file = path.join(folder, "postern.db");
  await writeFile(file, await migrated, { mode: 0o600, flag: "wx" });
  return file;
}

async function readMigrated(): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), "pt-"));
  try {
    const file = path.join(folder, "db");
    const db = await openSqlite(file);
    await migrate(db);
    await db.destroy();
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same on PostgreSQL. @returns its URL */
export async function createMigratedDatabase(server: PostgresServer): Promise<string> {
  const url = await server.createDatabase();
  const db = openPostgresForMigration(url);
  await migrate(db);
  await db.destroy();
  return url;
}

/** For the next test, once nobody has it open: a new database costs thirty times as much. */
export async function emptyDatabase(url: string): Promise<void> {
  await queryPostgres(
    url,
    `do $$ declare name text; begin
       set local session_replication_role = replica;
       for name in select quote_ident(tablename) from pg_tables
           where schemaname = 'public' and tablename not like 'kysely%' and tablename <> 'rights_revision'
         loop execute 'delete from ' || name; end loop;
     end $$`,
  );
}
