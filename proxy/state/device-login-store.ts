import type { Kysely } from "kysely";
import type { DeviceLoginRecord } from "./state-records.ts";
import type { DeviceLoginStore } from "./account-stores.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";

const TABLE = "deviceLogins";
const RECORD = ["name", "scopes", "address", "userId", "createdAt", "expiresAt"] as const;

export class SqlDeviceLoginStore implements DeviceLoginStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, codeHash: string, login: DeviceLoginRecord, most: number): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const { count } = await trx
        .selectFrom(TABLE)
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      if (Number(count) >= most) {
        const waiting = trx.selectFrom(TABLE).select("hash").where("userId", "is", null);
        const oldest = await waiting.orderBy("createdAt").limit(1).executeTakeFirst();
        if (oldest !== undefined) await trx.deleteFrom(TABLE).where("hash", "=", oldest.hash).execute();
      }
      await trx
        .insertInto(TABLE)
        .values({ ...login, hash, codeHash, scopes: login.scopes.join(" ") })
        .execute();
    });
  }

  async findByCode(codeHash: string, now: number): Promise<DeviceLoginRecord | null> {
    const found = await this.#db
      .selectFrom(TABLE)
      .select(RECORD)
      .where("codeHash", "=", codeHash)
      .where("expiresAt", ">", now)
      .where("userId", "is", null)
      .executeTakeFirst();
    return found === undefined ? null : { ...found, scopes: found.scopes.split(" ") };
  }

  async confirm(codeHash: string, userId: string, scopes: readonly string[], now: number): Promise<boolean> {
    const confirmed = await this.#db
      .updateTable(TABLE)
      .set({ userId, scopes: scopes.join(" ") })
      .where("codeHash", "=", codeHash)
      .where("expiresAt", ">", now)
      .where("userId", "is", null)
      .executeTakeFirstOrThrow();
    return confirmed.numUpdatedRows > 0n;
  }

  async refuse(codeHash: string): Promise<boolean> {
    const gone = await this.#db
      .deleteFrom(TABLE)
      .where("codeHash", "=", codeHash)
      .where("userId", "is", null)
      .executeTakeFirstOrThrow();
    return gone.numDeletedRows > 0n;
  }

  async take(hash: string, now: number): Promise<DeviceLoginRecord | "waiting" | null> {
    const taken = await this.#db
      .deleteFrom(TABLE)
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .where("userId", "is not", null)
      .returning(RECORD)
      .executeTakeFirst();
    if (taken !== undefined) return { ...taken, scopes: taken.scopes.split(" ") };
    const waiting = this.#db.selectFrom(TABLE).select("hash").where("hash", "=", hash);
    return (await waiting.where("expiresAt", ">", now).executeTakeFirst()) === undefined ? null : "waiting";
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, TABLE, now);
  }
}
