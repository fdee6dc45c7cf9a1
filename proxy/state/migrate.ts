import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { ConfigError } from "../../protocol/index.ts";
import { migrations } from "./migrations/index.ts";
import type { Tables } from "./tables.ts";

/**
 * Brings the tables up to date; of servers that start at once one does it and the others wait.
 * @throws ConfigError `DATABASE_NEWER` when a newer Postern has already been here
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (await wasMigratedFurther(db)) {
    throw new ConfigError(
      "DATABASE_NEWER",
      "The database was changed by a newer version of Postern. Run that version, or restore the backup from before.",
      { safeMessage: "The server's database does not fit this version.", cause: error },
    );
  }
  throw error instanceof Error ? error : new Error(String(error));
}

async function wasMigratedFurther(db: Kysely<Tables>): Promise<boolean> {
  try {
    const done = await db
      .withTables<{ kyselyMigration: { name: string } }>()
      .selectFrom("kyselyMigration")
      .select("name")
      .execute();
    return done.some(({ name }) => !(name in migrations));
  } catch {
    return false;
  }
}
