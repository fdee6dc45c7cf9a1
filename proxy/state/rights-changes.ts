import type { Kysely, Transaction } from "kysely";
import type { RightsChanges } from "./rights-records.ts";
import type { Tables } from "./tables.ts";

/** More at once, and all is read again. */
const MAX_CHANGES_READ = 500;

/**
 * Writes down whose rights a transaction changes; as its last statement, since the next change of rights waits from here to its end.
 * So the numbers have no gaps, and who sees one has seen those before it.
 * @param whose neither: everybody's
 */
export async function noteRightsChange(
  trx: Transaction<Tables>,
  now: number,
  whose: { readonly userId?: string; readonly groupId?: string } = {},
): Promise<void> {
  const { revision } = await trx
    .updateTable("rightsRevision")
    .set(({ eb }) => ({ revision: eb("revision", "+", 1) }))
    .where("id", "=", 1)
    .returning("revision")
    .executeTakeFirstOrThrow();
  const { userId = null, groupId = null } = whose;
  await trx.insertInto("rightsChanges").values({ revision, userId, groupId, changedAt: now }).execute();
}

/** What was changed after `since`; null: nothing. */
export async function readRightsChanges(db: Kysely<Tables>, since: number): Promise<RightsChanges | null> {
  const { revision } = await db
    .selectFrom("rightsRevision")
    .select("revision")
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
  if (revision === since) return null;
  const rows = await db
    .selectFrom("rightsChanges")
    .select(["revision", "userId", "groupId"])
    .where("revision", ">", since)
    .orderBy("revision")
    .limit(MAX_CHANGES_READ + 1)
    .execute();
  const last = Math.max(revision, rows.at(-1)?.revision ?? 0);
  const isWhole = rows.length === last - since && rows.length <= MAX_CHANGES_READ;
  return {
    revision: last,
    everybody: !isWhole || rows.some(({ userId, groupId }) => userId === null && groupId === null),
    userIds: new Set(rows.flatMap(({ userId }) => userId ?? [])),
    groupIds: new Set(rows.flatMap(({ groupId }) => groupId ?? [])),
  };
}

/** Who has not asked since then reads everything again. */
export async function deleteRightsChanges(db: Kysely<Tables>, before: number): Promise<number> {
  const gone = await db.deleteFrom("rightsChanges").where("changedAt", "<", before).executeTakeFirstOrThrow();
  return Number(gone.numDeletedRows);
}
