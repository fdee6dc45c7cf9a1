import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Counts the version of a record up if it is one of these: of several calls at once with the same one, one gets true. */
export async function takeVersion(
  db: Kysely<Tables>,
  table: "users" | "groups",
  id: string,
  versions: readonly number[],
): Promise<boolean> {
  const taken = await db
    .updateTable(table)
    .set(({ eb }) => ({ version: eb("version", "+", 1) }))
    .where("id", "=", id)
    .where("version", "in", versions)
    .returning("id")
    .executeTakeFirst();
  return taken !== undefined;
}
