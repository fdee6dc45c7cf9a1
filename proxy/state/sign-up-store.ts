import type { Kysely } from "kysely";
import { foldName } from "../../protocol/index.ts";
import { addNewcomer } from "./add-newcomer.ts";
import type { SignUpRecord, SignUpStore } from "./newcomer-stores.ts";
import type { UserRecord } from "./state-records.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";

const TABLE = "signUpRequests";
const RECORD = ["id", "name", "passwordHash", "reason", "source", "createdAt", "expiresAt"] as const;

export class SqlSignUpStore implements SignUpStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async hasCapacity(
    source: string,
    { inAll, ofSource }: Parameters<SignUpStore["hasCapacity"]>[1],
  ): Promise<boolean> {
    const all = this.#db.selectFrom(TABLE).select(({ fn }) => fn.countAll<number>().as("count"));
    const { count } = await all.executeTakeFirstOrThrow();
    const own = await all.where("source", "=", source).executeTakeFirstOrThrow();
    return Number(count) < inAll && Number(own.count) < ofSource;
  }

  async add(request: SignUpRecord): Promise<void> {
    await this.#db
      .insertInto(TABLE)
      .values({ ...request, nameKey: foldName(request.name) })
      .execute();
  }

  async findByName(name: string, now: number): Promise<SignUpRecord | null> {
    const named = this.#select(now).where("nameKey", "=", foldName(name));
    const newest = named.orderBy("createdAt", "desc").orderBy("id");
    return (await newest.limit(1).executeTakeFirst()) ?? null;
  }

  async find(id: string, now: number): Promise<SignUpRecord | null> {
    return (await this.#select(now).where("id", "=", id).executeTakeFirst()) ?? null;
  }

  list(now: number): Promise<SignUpRecord[]> {
    return this.#select(now).orderBy("createdAt").orderBy("id").execute();
  }

  approve(
    id: string,
    { userId, role, groupIds }: Parameters<SignUpStore["approve"]>[1],
    now: number,
  ): Promise<UserRecord | null> {
    return this.#db.transaction().execute(async (trx) => {
      const taken = await trx
        .deleteFrom(TABLE)
        .where("id", "=", id)
        .where("expiresAt", ">", now)
        .returning(["name", "passwordHash"])
        .executeTakeFirst();
      if (taken === undefined) return null;
      return addNewcomer(trx, { ...taken, id: userId, role }, { groupIds, now });
    });
  }

  async remove(id: string): Promise<boolean> {
    const gone = await this.#db.deleteFrom(TABLE).where("id", "=", id).executeTakeFirstOrThrow();
    return gone.numDeletedRows > 0n;
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, TABLE, now);
  }

  #select(now: number) {
    return this.#db.selectFrom(TABLE).select(RECORD).where("expiresAt", ">", now);
  }
}
