import { randomUUID } from "node:crypto";
import { sql, type Kysely, type Transaction } from "kysely";
import { foldName, RequestError, type Clock } from "../../protocol/index.ts";
import { LOCAL_PROVIDER, SERVICE_PROVIDER, type AccountRole, type UserRecord } from "./state-records.ts";
import type { NewUser, UserQuery, UserStore } from "./account-stores.ts";
import type { Tables } from "./tables.ts";
import { revokeTokens } from "./token-store.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";
import { escapeLike } from "./escape-like.ts";
import { noteRightsChange } from "./rights-changes.ts";
import { takeVersion } from "./take-version.ts";

const RECORD = [
  "id",
  "name",
  "role",
  "passwordHash",
  "provider",
  "subject",
  "email",
  "createdAt",
  "disabledAt",
  "lastLoginAt",
  "version",
] as const;
const NEXT_VERSION = sql<number>`version + 1`;
/** Roles whose tokens may lead to everybody's desktops. */
const ROLES_WITH_ALL_DESKTOPS: readonly AccountRole[] = ["admin", "operator"];

export class SqlUserStore implements UserStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  add(user: NewUser): Promise<UserRecord> {
    return insertUser(this.#db, user, this.#clock.now());
  }

  async findByName(name: string): Promise<UserRecord | null> {
    const named = this.#db.selectFrom("users").select(RECORD).where("nameKey", "=", foldName(name));
    return (await named.executeTakeFirst()) ?? null;
  }

  async findBySubject(provider: string, subject: string): Promise<UserRecord | null> {
    const known = this.#db
      .selectFrom("users")
      .select(RECORD)
      .where("provider", "=", provider)
      .where("subject", "=", subject);
    return (await known.executeTakeFirst()) ?? null;
  }

  findByEmail(email: string): Promise<UserRecord[]> {
    const having = this.#db.selectFrom("users").select(RECORD);
    return having
      .where(sql<boolean>`lower(email) = ${email.toLowerCase()}`)
      .limit(2)
      .execute();
  }

  async findTaken(names: readonly string[]): Promise<Set<string>> {
    const users = this.#db.selectFrom("users");
    const address = sql<string>`lower(email)`;
    const named = await inBatches(names.map(foldName), (batch) =>
      users.select("nameKey").where("nameKey", "in", batch).execute(),
    );
    const addresses = names.filter((name) => name.includes("@")).map((name) => name.toLowerCase());
    const addressed = await inBatches(addresses, (batch) =>
      users.select(address.as("address")).where(address, "in", batch).execute(),
    );
    return new Set([...named.map((row) => row.nameKey), ...addressed.map((row) => foldName(row.address))]);
  }

  async find(id: string): Promise<UserRecord | null> {
    const found = this.#db.selectFrom("users").select(RECORD).where("id", "=", id);
    return (await found.executeTakeFirst()) ?? null;
  }

  takeVersion(id: string, versions: readonly number[]): Promise<boolean> {
    return takeVersion(this.#db, "users", id, versions);
  }

  async setPassword(id: string, passwordHash: string, keptLogin: string | null = null): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable("users")
        .set({ passwordHash, version: NEXT_VERSION })
        .where("id", "=", id)
        .execute();
      await deleteLogins(trx, id, keptLogin);
    });
  }

  setRole(id: string, role: AccountRole): Promise<UserRecord | null> {
    return this.#keepingAnAdministrator(async (trx) => {
      const before = await trx.selectFrom("users").select("role").where("id", "=", id).executeTakeFirst();
      if (before === undefined) return null;
      await trx.updateTable("users").set({ role, version: NEXT_VERSION }).where("id", "=", id).execute();
      const isLess = ROLES_WITH_ALL_DESKTOPS.includes(before.role) && !ROLES_WITH_ALL_DESKTOPS.includes(role);
      if (isLess) await deleteCredentials(trx, id, this.#clock.now());
      else if (before.role !== role) await deleteSignIns(trx, id);
      await noteRightsChange(trx, this.#clock.now(), { userId: id });
      return trx.selectFrom("users").select(RECORD).where("id", "=", id).executeTakeFirstOrThrow();
    });
  }

  async update(
    id: string,
    change: Partial<Pick<UserRecord, "email" | "lastLoginAt">>,
  ): Promise<UserRecord | null> {
    // Signing in changes nothing that two people could change at once.
    const counted = "email" in change ? { ...change, version: NEXT_VERSION } : change;
    const changed = this.#db.updateTable("users").set(counted).where("id", "=", id).returning(RECORD);
    return (await changed.executeTakeFirst()) ?? null;
  }

  async disable(id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#keepingAnAdministrator(async (trx) => {
      await trx
        .updateTable("users")
        .set({ disabledAt: now, version: NEXT_VERSION })
        .where("id", "=", id)
        .where("disabledAt", "is", null)
        .execute();
      await deleteCredentials(trx, id, now);
    });
  }

  async enable(id: string): Promise<void> {
    const enabled = { disabledAt: null, version: NEXT_VERSION };
    await this.#db.updateTable("users").set(enabled).where("id", "=", id).execute();
  }

  async remove(id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#keepingAnAdministrator(async (trx) => {
      await deleteCredentials(trx, id, now);
      await trx.deleteFrom("users").where("id", "=", id).execute();
      await noteRightsChange(trx, now, { userId: id });
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
    const people = admins.where("provider", "!=", SERVICE_PROVIDER);
    return (await people.orderBy("createdAt").orderBy("id").limit(1).executeTakeFirst()) ?? null;
  }

  list({ search, role, state, after, limit }: UserQuery): Promise<UserRecord[]> {
    let found = this.#db.selectFrom("users").select(RECORD);
    if (search !== undefined) {
      const pattern = `%${escapeLike(foldName(search))}%`;
      found = found.where(({ or }) =>
        or([
          sql<boolean>`name_key like ${pattern} escape '!'`,
          sql<boolean>`lower(email) like ${pattern} escape '!'`,
        ]),
      );
    }
    if (role !== undefined) found = found.where("role", "=", role);
    if (state !== undefined) found = found.where("disabledAt", state === "enabled" ? "is" : "is not", null);
    if (after !== undefined) found = found.where("nameKey", ">", foldName(after));
    return found.orderBy("nameKey").limit(limit).execute();
  }

  /**
   * Takes `change` back if no administrator that may sign in would be left. Of two such changes at once the second waits for the
   * first: both write to the rows of all administrators.
   */
  #keepingAnAdministrator<T>(change: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#db.transaction().execute(async (trx) => {
      await trx.updateTable("users").set({ role: "admin" }).where("role", "=", "admin").execute();
      const before = await hasAdministrator(trx);
      const result = await change(trx);
      if (before && !(await hasAdministrator(trx)))
        throw RequestError.public(
          "LAST_ADMIN",
          "This is the last administrator who can sign in. Make another one first.",
        );
      return result;
    });
  }
}

/** @throws RequestError `USER_EXISTS` */
export async function insertUser(db: Kysely<Tables>, user: NewUser, now: number): Promise<UserRecord> {
  const record: UserRecord = {
    id: user.id ?? randomUUID(),
    name: user.name,
    role: user.role,
    passwordHash: user.passwordHash,
    provider: user.provider ?? LOCAL_PROVIDER,
    subject: user.subject ?? null,
    email: user.email ?? null,
    createdAt: now,
    disabledAt: null,
    lastLoginAt: null,
    version: 1,
  };
  await rejectOnViolation("unique", "USER_EXISTS", "An account of this name exists already.", () =>
    db
      .insertInto("users")
      .values({ ...record, nameKey: foldName(user.name) })
      .execute(),
  );
  return record;
}

async function hasAdministrator(trx: Transaction<Tables>): Promise<boolean> {
  const enabled = trx
    .selectFrom("users")
    .select("id")
    .where("role", "=", "admin")
    .where("provider", "!=", SERVICE_PROVIDER)
    .where("disabledAt", "is", null);
  return (await enabled.limit(1).executeTakeFirst()) !== undefined;
}

/** @param kept the login that stays, with its tickets */
async function deleteLogins(
  trx: Transaction<Tables>,
  userId: string,
  kept: string | null = null,
): Promise<void> {
  const logins = trx.deleteFrom("logins").where("userId", "=", userId);
  const tickets = trx.deleteFrom("tickets").where("createdBy", "=", userId);
  await (kept === null ? logins : logins.where("hash", "!=", kept)).execute();
  await (
    kept === null
      ? tickets
      : tickets.where(({ or, eb }) => or([eb("loginHash", "is", null), eb("loginHash", "!=", kept)]))
  ).execute();
}

/** API tokens too, invitations that it made, and command lines that were confirmed and have not fetched theirs. */
async function deleteSignIns(trx: Transaction<Tables>, userId: string): Promise<void> {
  await deleteLogins(trx, userId);
  await trx.deleteFrom("apiTokens").where("userId", "=", userId).execute();
  await trx.deleteFrom("deviceLogins").where("userId", "=", userId).execute();
  await trx.deleteFrom("invitations").where("createdBy", "=", userId).execute();
}

async function deleteCredentials(trx: Transaction<Tables>, userId: string, now: number): Promise<void> {
  await deleteSignIns(trx, userId);
  await revokeTokens(trx, now, "createdBy", userId);
}
