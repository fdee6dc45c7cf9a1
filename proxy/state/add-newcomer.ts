import type { Transaction } from "kysely";
import type { NewUser } from "./account-stores.ts";
import { insertMembers } from "./group-store.ts";
import { noteRightsChange } from "./rights-changes.ts";
import { OWN_GROUPS } from "./rights-records.ts";
import type { UserRecord } from "./state-records.ts";
import type { Tables } from "./tables.ts";
import { insertUser } from "./user-store.ts";

/**
 * A new account and its groups, as the last statements of a transaction.
 * @throws RequestError `USER_EXISTS`
 */
export async function addNewcomer(
  trx: Transaction<Tables>,
  user: NewUser,
  { groupIds, now }: { readonly groupIds: readonly string[]; readonly now: number },
): Promise<UserRecord> {
  const record = await insertUser(trx, user, now);
  if (groupIds.length === 0) return record;
  const there = await trx
    .selectFrom("groups")
    .select("id")
    .where("id", "in", groupIds)
    .where("source", "=", OWN_GROUPS)
    .execute();
  await insertMembers(
    trx,
    record.id,
    there.map(({ id }) => id),
  );
  await noteRightsChange(trx, now, { userId: record.id });
  return record;
}
