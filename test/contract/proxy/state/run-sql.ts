import { DatabaseSync } from "node:sqlite";
import { queryPostgres } from "../../../support/postgres.ts";

/** Runs one statement behind the stores' back. @param option what `openStores` takes as `database` */
export async function runSql(option: string, statement: string): Promise<void> {
  if (!option.startsWith("sqlite:")) {
    await queryPostgres(option, statement);
    return;
  }
  const database = new DatabaseSync(option.slice("sqlite:".length));
  database.exec(statement);
  database.close();
}
