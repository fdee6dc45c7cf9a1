import type { ExpressionBuilder, Kysely } from "kysely";
import { RequestError } from "../../protocol/index.ts";
import { addNewcomer } from "./add-newcomer.ts";
import { rejectOnViolation } from "./constraint.ts";
import type { InvitationRecord, InvitationStore } from "./newcomer-stores.ts";
import type { UserRecord } from "./state-records.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { InvitationColumns, Tables } from "./tables.ts";

const TABLE = "invitations";
const RECORD = ["id", "role", "groupIds", "name", "email", "createdBy", "createdAt", "expiresAt"] as const;

type Terms = Parameters<InvitationStore["find"]>[1];

export class SqlInvitationStore implements InvitationStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, invitation: InvitationRecord, most: number): Promise<void> {
    const { count } = await this.#db
      .selectFrom(TABLE)
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (Number(count) >= most)
      throw RequestError.public(
        "LIMIT_INVITATIONS",
        "There are too many open invitations. Revoke some first.",
      );
    const row = { ...invitation, hash, groupIds: JSON.stringify(invitation.groupIds) };
    await rejectOnViolation("reference", "USER_UNKNOWN", "Your account was removed.", () =>
      this.#db.insertInto(TABLE).values(row).execute(),
    );
  }

  async find(hash: string, terms: Terms): Promise<InvitationRecord | null> {
    const found = await this.#db
      .selectFrom(TABLE)
      .select(RECORD)
      .where("hash", "=", hash)
      .where((builder) => counts(builder, terms))
      .executeTakeFirst();
    return found === undefined ? null : decode(found);
  }

  async list(now: number): Promise<InvitationRecord[]> {
    const open = this.#db.selectFrom(TABLE).select(RECORD).where("expiresAt", ">", now);
    return (await open.orderBy("createdAt", "desc").orderBy("id").execute()).map(decode);
  }

  async remove(id: string, now: number): Promise<InvitationRecord | null> {
    const open = this.#db.deleteFrom(TABLE).where("id", "=", id).where("expiresAt", ">", now);
    const gone = await open.returning(RECORD).executeTakeFirst();
    return gone === undefined ? null : decode(gone);
  }

  redeem(
    hash: string,
    { id, name, passwordHash }: Parameters<InvitationStore["redeem"]>[1],
    terms: Terms,
  ): Promise<UserRecord | null> {
    return this.#db.transaction().execute(async (trx) => {
      const taken = await trx
        .deleteFrom(TABLE)
        .where("hash", "=", hash)
        .where((builder) => counts(builder, terms))
        .returning(RECORD)
        .executeTakeFirst();
      if (taken === undefined) return null;
      const { role, email, groupIds } = decode(taken);
      return addNewcomer(trx, { id, name, role, passwordHash, email }, { groupIds, now: terms.now });
    });
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, TABLE, now);
  }
}

/** It has not expired, and its maker may still invite: what ends that removes it, but one may be made in the same moment. */
function counts(builder: ExpressionBuilder<Tables, typeof TABLE>, { now, makers }: Terms) {
  const { and, or, eb, exists, selectFrom } = builder;
  const maker = selectFrom("users")
    .select("users.id")
    .whereRef("users.id", "=", "invitations.createdBy")
    .where("users.disabledAt", "is", null)
    .where("users.role", "in", makers);
  return and([eb("expiresAt", ">", now), or([eb("createdBy", "is", null), exists(maker)])]);
}

function decode({ groupIds, ...rest }: Omit<InvitationColumns, "hash">): InvitationRecord {
  // It was written by this server, or one of its database.
  return { ...rest, groupIds: JSON.parse(groupIds) as string[] };
}
