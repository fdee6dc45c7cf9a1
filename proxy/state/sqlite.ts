import { closeSync, openSync } from "node:fs";
import Database from "libsql";
import { CamelCasePlugin, Kysely, SqliteDialect } from "kysely";
import { LockingSqliteAdapter, LockingSqliteDriver, execWithRetry } from "./sqlite-driver.ts";
import type { Tables } from "./schema.ts";

/** Every commit is on disk before it counts (but for sessions: see the driver), and what is deleted is overwritten. */
const SETTINGS = [
  "pragma busy_timeout = 20",
  "pragma journal_mode = wal",
  "pragma synchronous = full",
  "pragma foreign_keys = on",
  "pragma secure_delete = on",
];

/** Opens the database in a file, readable by its owner only, and makes it if it is not there. */
export async function openSqlite(file: string): Promise<Kysely<Tables>> {
  // SQLite gives its side files the mode of the database.
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const database = new Database(file);
  try {
    for (const setting of SETTINGS) await execWithRetry(database, setting);
  } catch (error) {
    database.close();
    throw error;
  }
  const dialect = new SqliteDialect({ database });
  return new Kysely<Tables>({
    dialect: {
      createDriver: () => new LockingSqliteDriver(database),
      createAdapter: () => new LockingSqliteAdapter(),
      createQueryCompiler: () => dialect.createQueryCompiler(),
      createIntrospector: (db) => dialect.createIntrospector(db),
    },
    plugins: [new CamelCasePlugin()],
  });
}
