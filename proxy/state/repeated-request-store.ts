import type { Kysely } from "kysely";
import type { BegunRequest, RepeatedRequestStore, RequestState } from "./repeated-requests.ts";
import type { Sealer } from "./sealer.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";

const TABLE = "repeatedRequests";
/** A password may be part of what is asked for: by a plain hash it could be guessed. */
const REQUEST = "repeatedRequests.request";

export class SqlRepeatedRequestStore implements RepeatedRequestStore {
  readonly #db: Kysely<Tables>;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async begin(request: BegunRequest, now: number, most: number): Promise<RequestState> {
    const { key, owner } = request;
    const known = await this.#find(key, now);
    if (known !== undefined) return this.#judge(known, request, now);
    if ((await this.#count(owner, now)) >= most) return { kind: "full" };
    await this.#db.deleteFrom(TABLE).where("key", "=", key).where("expiresAt", "<=", now).execute();
    const begun = await this.#db
      .insertInto(TABLE)
      .values({
        ...request,
        request: this.#sealer.seal(REQUEST, key, request.request),
        status: null,
        sealed: null,
      })
      .onConflict((conflict) => conflict.column("key").doNothing())
      .returning("key")
      .executeTakeFirst();
    if (begun !== undefined) return { kind: "begun" };
    const faster = await this.#find(key, now);
    return faster === undefined ? { kind: "running" } : this.#judge(faster, request, now);
  }

  async finish({ key, heldUntil }: BegunRequest, status: number, answer: string | null): Promise<void> {
    const sealed = answer === null ? null : this.#sealer.seal(TABLE, key, answer);
    await this.#db
      .updateTable(TABLE)
      .set({ status, sealed })
      .where("key", "=", key)
      .where("heldUntil", "=", heldUntil)
      .execute();
  }

  async forget({ key, heldUntil }: BegunRequest): Promise<void> {
    const begun = this.#db.deleteFrom(TABLE).where("key", "=", key).where("heldUntil", "=", heldUntil);
    await begun.where("status", "is", null).execute();
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, TABLE, now);
  }

  #find(key: string, now: number): Promise<Tables[typeof TABLE] | undefined> {
    const known = this.#db.selectFrom(TABLE).selectAll().where("key", "=", key);
    return known.where("expiresAt", ">", now).executeTakeFirst();
  }

  async #count(owner: string, now: number): Promise<number> {
    const { count } = await this.#db
      .selectFrom(TABLE)
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("owner", "=", owner)
      .where("expiresAt", ">", now)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async #judge(known: Tables[typeof TABLE], wanted: BegunRequest, now: number): Promise<RequestState> {
    const { key, request, status, sealed, heldUntil } = known;
    if (this.#sealer.unseal(REQUEST, key, request) !== wanted.request) return { kind: "other" };
    if (status !== null)
      return {
        ...{ kind: "done", status },
        answer: sealed === null ? null : this.#sealer.unseal(TABLE, key, sealed),
      };
    if (heldUntil > now) return { kind: "running" };
    // The server that had it ended in between. Of those who ask now one goes on.
    const taken = await this.#db
      .updateTable(TABLE)
      .set({ heldUntil: wanted.heldUntil, expiresAt: wanted.expiresAt })
      .where("key", "=", key)
      .where("heldUntil", "=", heldUntil)
      .where("status", "is", null)
      .returning("key")
      .executeTakeFirst();
    return { kind: taken === undefined ? "running" : "begun" };
  }
}
