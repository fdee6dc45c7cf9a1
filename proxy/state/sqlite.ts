import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CamelCasePlugin, Kysely, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { LockingSqliteAdapter, LockingSqliteDriver, retryWhileBusy } from "./sqlite-driver.ts";
import type { Tables } from "./tables.ts";

/** What is deleted is overwritten. How far a commit must have come before it counts, the driver says each time. */
const SETTINGS = ["pragma journal_mode = wal", "pragma foreign_keys = on", "pragma secure_delete = on"];

/** Opens the database in a file, readable by its owner only, and makes it if it is not there. */
export async function openSqlite(file: string): Promise<Kysely<Tables>> {
  const { writer, reader } = await openConnections(file);
  return new Kysely<Tables>({
    dialect: {
      createDriver: () => new LockingSqliteDriver(writer, reader),
      createAdapter: () => new LockingSqliteAdapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
    plugins: [new CamelCasePlugin()],
  });
}

/** A database in memory belongs to one connection: it has no reader. */
async function openConnections(
  file: string,
): Promise<{ writer: DatabaseSync; reader: DatabaseSync | undefined }> {
  const inMemory = file === ":memory:";
  // SQLite gives its side files the mode of the database. A full path cannot be taken for a `file:` URL.
  const target = inMemory ? file : path.resolve(file);
  if (!inMemory) closeSync(openSync(target, "a", 0o600));
  const writer = new DatabaseSync(target);
  try {
    for (const setting of SETTINGS) {
      await retryWhileBusy(() => {
        writer.exec(setting);
      });
    }
    return { writer, reader: inMemory ? undefined : new DatabaseSync(target, { readOnly: true }) };
  } catch (error) {
    writer.close();
    throw error;
  }
}
