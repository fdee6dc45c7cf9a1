import { randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { RequestError, type Clock } from "../../protocol/index.ts";
import type { FactorKind, FactorRecord, SealedFactor } from "./state-records.ts";
import type { AddedFactor, FactorStore, NewFactor } from "./account-stores.ts";
import type { Tables } from "./tables.ts";
import type { Sealer } from "./sealer.ts";
import { rejectOnViolation } from "./constraint.ts";

const TABLE = "factors";
const RECORD = [
  "id",
  "userId",
  "name",
  "counter",
  "tries",
  "openAt",
  "createdAt",
  "lastUsedAt",
  "kind",
  "sealed",
] as const;

type FactorRow = Omit<FactorRecord, "kind"> & { readonly kind: FactorKind; readonly sealed: string };

export class SqlFactorStore implements FactorStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, clock: Clock, sealer: Sealer) {
    this.#db = db;
    this.#clock = clock;
    this.#sealer = sealer;
  }

  add(
    { secret, locator, ...given }: NewFactor,
    { limit, recovery }: { readonly limit: number; readonly recovery: readonly string[] },
  ): Promise<AddedFactor> {
    const id = randomUUID();
    const now = this.#clock.now();
    const factor: FactorRecord = { ...given, id, tries: 0, openAt: 0, createdAt: now, lastUsedAt: null };
    const { userId, kind } = factor;
    return this.#db.transaction().execute(async (trx) => {
      await lockUser(trx, userId);
      if (kind === "totp")
        await trx.deleteFrom(TABLE).where("userId", "=", userId).where("kind", "=", kind).execute();
      if ((await count(trx, userId, [kind])) >= limit)
        throw RequestError.public(
          "FACTOR_LIMIT",
          "You have as many passkeys as you may have. Remove one first.",
        );
      await rejectOnViolation("unique", "FACTOR_EXISTS", "This passkey is registered already.", () =>
        trx
          .insertInto(TABLE)
          .values({ ...factor, locator, sealed: this.#sealer.seal(TABLE, id, secret) })
          .execute(),
      );
      const recoveryKept = (await count(trx, userId, ["recovery"])) === 0;
      if (recoveryKept) await insertRecovery(trx, userId, recovery, now);
      return { factor, recoveryKept };
    });
  }

  async listByUser(userId: string): Promise<SealedFactor[]> {
    const rows = await this.#db
      .selectFrom(TABLE)
      .select(RECORD)
      .where("userId", "=", userId)
      .where("kind", "!=", "recovery")
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
    return rows.flatMap((row) => this.#toSealed(row) ?? []);
  }

  async findByLocator(locator: string): Promise<SealedFactor | null> {
    const found = this.#db.selectFrom(TABLE).select(RECORD).where("locator", "=", locator);
    const row = await found.executeTakeFirst();
    return row === undefined ? null : this.#toSealed(row);
  }

  async use(id: string, counter: number, now: number): Promise<boolean> {
    const used = await this.#db
      .updateTable(TABLE)
      .set({ counter, lastUsedAt: now, tries: 0, openAt: 0 })
      .where("id", "=", id)
      .where(({ and, eb }) =>
        counter > 0 ? eb("counter", "<", counter) : and([eb("counter", "=", 0), eb("kind", "=", "passkey")]),
      )
      .executeTakeFirstOrThrow();
    return used.numUpdatedRows > 0n;
  }

  async countTry(
    id: string,
    known: Pick<FactorRecord, "tries">,
    counted: Pick<FactorRecord, "tries" | "openAt">,
  ): Promise<boolean> {
    const { tries, openAt } = counted;
    const changed = await this.#db
      .updateTable(TABLE)
      .set({ tries, openAt })
      .where("id", "=", id)
      .where("tries", "=", known.tries)
      .executeTakeFirstOrThrow();
    return changed.numUpdatedRows > 0n;
  }

  remove(userId: string, id: string): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      await lockUser(trx, userId);
      const gone = await trx
        .deleteFrom(TABLE)
        .where("userId", "=", userId)
        .where("id", "=", id)
        .where("kind", "!=", "recovery")
        .executeTakeFirstOrThrow();
      if ((await count(trx, userId, ["totp", "passkey"])) === 0)
        await trx.deleteFrom(TABLE).where("userId", "=", userId).execute();
      return gone.numDeletedRows > 0n;
    });
  }

  removeAll(userId: string): Promise<number> {
    return this.#db.transaction().execute(async (trx) => {
      await lockUser(trx, userId);
      const factors = await count(trx, userId, ["totp", "passkey"]);
      await trx.deleteFrom(TABLE).where("userId", "=", userId).execute();
      return factors;
    });
  }

  async replaceRecovery(userId: string, hashes: readonly string[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await lockUser(trx, userId);
      await trx.deleteFrom(TABLE).where("userId", "=", userId).where("kind", "=", "recovery").execute();
      await insertRecovery(trx, userId, hashes, this.#clock.now());
    });
  }

  async takeRecovery(userId: string, hash: string): Promise<boolean> {
    const taken = await this.#db
      .deleteFrom(TABLE)
      .where("userId", "=", userId)
      .where("kind", "=", "recovery")
      .where("locator", "=", locateRecovery(userId, hash))
      .executeTakeFirstOrThrow();
    return taken.numDeletedRows > 0n;
  }

  countRecovery(userId: string): Promise<number> {
    return count(this.#db, userId, ["recovery"]);
  }

  /** Null: it is a recovery code, which has no secret but itself. */
  #toSealed({ sealed, kind, ...row }: FactorRow): SealedFactor | null {
    if (kind === "recovery") return null;
    return { ...row, kind, reveal: () => this.#sealer.unseal(TABLE, row.id, sealed) };
  }
}

/** What changes a person's factors takes turns. @throws RequestError `USER_UNKNOWN` */
async function lockUser(trx: Transaction<Tables>, userId: string): Promise<void> {
  const locked = await trx
    .updateTable("users")
    .set(({ ref }) => ({ nameKey: ref("nameKey") }))
    .where("id", "=", userId)
    .executeTakeFirstOrThrow();
  if (locked.numUpdatedRows === 0n) throw RequestError.public("USER_UNKNOWN", "There is no such account.");
}

async function count(db: Kysely<Tables>, userId: string, kinds: readonly FactorKind[]): Promise<number> {
  const { count: rows } = await db
    .selectFrom(TABLE)
    .select((table) => table.fn.countAll<number>().as("count"))
    .where("userId", "=", userId)
    .where("kind", "in", kinds)
    .executeTakeFirstOrThrow();
  return rows;
}

async function insertRecovery(
  trx: Transaction<Tables>,
  userId: string,
  hashes: readonly string[],
  now: number,
): Promise<void> {
  if (hashes.length === 0) return;
  const common = { userId, kind: "recovery", sealed: "", name: "", counter: 0 } as const;
  const times = { tries: 0, openAt: 0, createdAt: now, lastUsedAt: null };
  await trx
    .insertInto(TABLE)
    .values(
      hashes.map((hash) => ({
        ...common,
        ...times,
        id: randomUUID(),
        locator: locateRecovery(userId, hash),
      })),
    )
    .execute();
}

function locateRecovery(userId: string, hash: string): string {
  return `recovery ${userId} ${hash}`;
}
