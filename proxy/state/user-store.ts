import { randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { UserRecord } from "./state-records.ts";
import type { UserStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { revokeTokens } from "./token-store.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";

const RECORD = ["id", "name", "role", "passwordHash", "createdAt", "disabledAt"] as const;

export class SqlUserStore implements UserStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(user: Parameters<UserStore["add"]>[0]): Promise<UserRecord> {
    const record: UserRecord = {
      id: randomUUID(),
      name: user.name,
      role: user.role,
      passwordHash: user.passwordHash,
      createdAt: this.#clock.now(),
      disabledAt: null,
    };
    await rejectOnViolation("unique", "USER_EXISTS", "A user of this name exists already.", () =>
      this.#db
        .insertInto("users")
        .values({ ...record, nameKey: foldName(user.name) })
        .execute(),
    );
    return record;
  }

  async findByName(name: string): Promise<UserRecord | null> {
    const named = this.#db.selectFrom("users").select(RECORD).where("nameKey", "=", foldName(name));
    return (await named.executeTakeFirst()) ?? null;
  }

  async find(id: string): Promise<UserRecord | null> {
    const found = this.#db.selectFrom("users").select(RECORD).where("id", "=", id);
    return (await found.executeTakeFirst()) ?? null;
  }

  async setPassword(id: string, passwordHash: string): Promise<void> {
    await this.#db.updateTable("users").set({ passwordHash }).where("id", "=", id).execute();
  }

  async disable(id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable("users")
        .set({ disabledAt: now })
        .where("id", "=", id)
        .where("disabledAt", "is", null)
        .execute();
      await deleteCredentials(trx, id, now);
    });
  }

  async enable(id: string): Promise<void> {
    await this.#db.updateTable("users").set({ disabledAt: null }).where("id", "=", id).execute();
  }

  async remove(id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#db.transaction().execute(async (trx) => {
      await deleteCredentials(trx, id, now);
      await trx.deleteFrom("users").where("id", "=", id).execute();
    });
  }

  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom("users")
      .select((users) => users.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return count;
  }

  async findNames(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await inBatches(ids, (batch) =>
      this.#db.selectFrom("users").select(["id", "name"]).where("id", "in", batch).execute(),
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  async findOldestAdmin(): Promise<UserRecord | null> {
    const admins = this.#db.selectFrom("users").select(RECORD).where("role", "=", "admin");
    return (await admins.orderBy("createdAt").orderBy("id").limit(1).executeTakeFirst()) ?? null;
  }

  list(): Promise<UserRecord[]> {
    return this.#db.selectFrom("users").select(RECORD).orderBy("createdAt").orderBy("id").execute();
  }
}

async function deleteCredentials(trx: Transaction<Tables>, userId: string, now: number): Promise<void> {
  await trx.deleteFrom("logins").where("userId", "=", userId).execute();
  await trx.deleteFrom("tickets").where("createdBy", "=", userId).execute();
  await revokeTokens(trx, now, "createdBy", userId);
}

/** In one place, since the two databases fold letters beyond ASCII differently. */
function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}
