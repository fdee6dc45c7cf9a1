import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** People may sign in by their mail address, strangers may try any: neither may read the whole table. */
export const usersByEmail: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index users_by_email on users (lower(email))`.execute(db);
  },
};
