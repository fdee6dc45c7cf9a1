import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Tables whose rows mean nothing any more once they have expired. */
type ExpiringTable =
  | "deviceLogins"
  | "invitations"
  | "joinSecrets"
  | "logins"
  | "repeatedRequests"
  | "repeaterIds"
  | "signInSteps"
  | "signUpRequests"
  | "tickets";

/** How many rows are gone. */
export async function deleteExpired(db: Kysely<Tables>, table: ExpiringTable, now: number): Promise<number> {
  const gone = await db.deleteFrom(table).where("expiresAt", "<=", now).executeTakeFirstOrThrow();
  return Number(gone.numDeletedRows);
}
