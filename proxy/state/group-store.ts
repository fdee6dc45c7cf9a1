import { randomUUID } from "node:crypto";
import { sql, type Kysely, type Transaction } from "kysely";
import { foldGroupName, foldName, type Clock } from "../../protocol/index.ts";
import { rejectOnViolation } from "./constraint.ts";
import { escapeLike } from "./escape-like.ts";
import { eachBatch, inBatches } from "./in-batches.ts";
import { noteRightsChange } from "./rights-changes.ts";
import { OWN_GROUPS, type GroupRecord } from "./rights-records.ts";
import { takeVersion } from "./take-version.ts";
import type { GroupMember, GroupQuery, GroupStore } from "./rights-stores.ts";
import type { Tables } from "./tables.ts";

const RECORD = ["id", "name", "source", "knownAs", "limits", "createdAt", "version"] as const;

export class SqlGroupStore implements GroupStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(group: Parameters<GroupStore["add"]>[0]): Promise<GroupRecord> {
    const { name, source = OWN_GROUPS, knownAs = name, limits = {} } = group;
    const createdAt = this.#clock.now();
    const record = { id: randomUUID(), name, source, knownAs, limits, createdAt, version: 1 };
    const row = {
      ...record,
      nameKey: foldName(name),
      knownKey: foldGroupName(knownAs),
      limits: JSON.stringify(limits),
    };
    await rejectOnViolation("unique", "GROUP_EXISTS", "There is such a group already.", () =>
      this.#db.insertInto("groups").values(row).execute(),
    );
    return record;
  }

  async find(id: string): Promise<GroupRecord | null> {
    const found = await this.#db.selectFrom("groups").select(RECORD).where("id", "=", id).executeTakeFirst();
    return found ? decode(found) : null;
  }

  async findByName(name: string): Promise<GroupRecord | null> {
    const named = this.#db.selectFrom("groups").select(RECORD).where("nameKey", "=", foldName(name));
    const found = await named.executeTakeFirst();
    return found ? decode(found) : null;
  }

  async list({ search, after, limit }: GroupQuery): Promise<(GroupRecord & { readonly members: number })[]> {
    let found = this.#db
      .selectFrom("groups as g")
      .select(["g.id", "g.name", "g.source", "g.knownAs", "g.limits", "g.createdAt", "g.version"])
      .select(({ selectFrom }) =>
        selectFrom("groupMembers as m")
          .select(({ fn }) => fn.countAll<number>().as("count"))
          .whereRef("m.groupId", "=", "g.id")
          .as("members"),
      );
    if (search !== undefined) {
      const pattern = `%${escapeLike(foldName(search))}%`;
      found = found.where(sql<boolean>`name_key like ${pattern} escape '!'`);
    }
    if (after !== undefined) found = found.where("g.nameKey", ">", foldName(after));
    const rows = await found.orderBy("g.nameKey").limit(limit).execute();
    return rows.map(({ members, ...row }) => ({ ...decode(row), members: Number(members ?? 0) }));
  }

  takeVersion(id: string, versions: readonly number[]): Promise<boolean> {
    return takeVersion(this.#db, "groups", id, versions);
  }

  rename(id: string, name: string): Promise<GroupRecord | null> {
    return rejectOnViolation("unique", "GROUP_EXISTS", "There is such a group already.", () =>
      this.#db.transaction().execute(async (trx) => {
        const names = { name, nameKey: foldName(name), version: sql<number>`version + 1` };
        const renamed = trx.updateTable("groups").where("id", "=", id);
        const other = await renamed.set(names).returning(RECORD).executeTakeFirst();
        if (other === undefined) return null;
        // What nobody else names is known as it is called here, so that the name of before is free.
        const own = { knownAs: name, knownKey: foldGroupName(name) };
        if (other.source === OWN_GROUPS) await renamed.set(own).execute();
        await noteRightsChange(trx, this.#clock.now(), { groupId: id });
        return decode(other.source === OWN_GROUPS ? { ...other, knownAs: name } : other);
      }),
    );
  }

  setLimits(id: string, limits: GroupRecord["limits"]): Promise<GroupRecord | null> {
    return this.#db.transaction().execute(async (trx) => {
      const changed = await trx
        .updateTable("groups")
        .set({ limits: JSON.stringify(limits), version: sql<number>`version + 1` })
        .where("id", "=", id)
        .returning(RECORD)
        .executeTakeFirst();
      await noteRightsChange(trx, this.#clock.now(), { groupId: id });
      return changed ? decode(changed) : null;
    });
  }

  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx.deleteFrom("groups").where("id", "=", id).execute();
      await noteRightsChange(trx, this.#clock.now(), { groupId: id });
    });
  }

  addMember(id: string, userId: string): Promise<boolean> {
    return rejectOnViolation("reference", "GROUP_MEMBER_UNKNOWN", "There is no such group, or account.", () =>
      this.#db.transaction().execute(async (trx) => {
        const added = await insertMembers(trx, userId, [id]);
        if (added > 0n) await noteRightsChange(trx, this.#clock.now(), { userId });
        return added > 0n;
      }),
    );
  }

  removeMember(id: string, userId: string): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const removed = await deleteMembers(trx, userId, [id]);
      if (removed > 0n) await noteRightsChange(trx, this.#clock.now(), { userId });
      return removed > 0n;
    });
  }

  listMembers(
    id: string,
    { after, limit }: Parameters<GroupStore["listMembers"]>[1],
  ): Promise<GroupMember[]> {
    const members = this.#db
      .selectFrom("groupMembers as m")
      .innerJoin("users as u", "u.id", "m.userId")
      .select(["u.id", "u.name"])
      .where("m.groupId", "=", id)
      .orderBy("u.nameKey")
      .limit(limit);
    return (after === undefined ? members : members.where("u.nameKey", ">", foldName(after))).execute();
  }

  async countMembers(id: string): Promise<number> {
    const { count } = await this.#db
      .selectFrom("groupMembers")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("groupId", "=", id)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async listLimits(ids: readonly string[]): Promise<Map<string, GroupRecord["limits"]>> {
    const rows = await inBatches(ids, (batch) =>
      this.#db
        .selectFrom("groups")
        .select(["id", "limits"])
        .where("id", "in", batch)
        .where("limits", "!=", "{}")
        .execute(),
    );
    return new Map(rows.map(decode).map(({ id, limits }) => [id, limits]));
  }

  listKnown(source: string, names: readonly string[]): Promise<Pick<GroupRecord, "id" | "name">[]> {
    // Groups of before are kept by their names as they were written.
    const keys = new Set(names.flatMap((name) => [foldGroupName(name), foldName(name)]));
    return inBatches([...keys], (batch) =>
      this.#db
        .selectFrom("groups")
        .select(["id", "name"])
        .where("source", "=", source)
        .where("knownKey", "in", batch)
        .execute(),
    );
  }

  listOf(userId: string, source: string): Promise<Pick<GroupRecord, "id" | "name">[]> {
    return this.#db
      .selectFrom("groupMembers as m")
      .innerJoin("groups as g", "g.id", "m.groupId")
      .select(["g.id", "g.name"])
      .where("m.userId", "=", userId)
      .where("g.source", "=", source)
      .execute();
  }

  listAllOf(userId: string, limit: number): Promise<Pick<GroupRecord, "id" | "name" | "source">[]> {
    return this.#db
      .selectFrom("groupMembers as m")
      .innerJoin("groups as g", "g.id", "m.groupId")
      .select(["g.id", "g.name", "g.source"])
      .where("m.userId", "=", userId)
      .orderBy("g.nameKey")
      .limit(limit)
      .execute();
  }

  async changeMemberships(
    userId: string,
    { enter, leave }: Parameters<GroupStore["changeMemberships"]>[1],
  ): Promise<void> {
    if (enter.length + leave.length === 0) return;
    await this.#db.transaction().execute(async (trx) => {
      await eachBatch(leave, (batch) => deleteMembers(trx, userId, batch));
      // A group may have been removed meanwhile.
      await eachBatch(enter, async (batch) => {
        const there = await trx.selectFrom("groups").select("id").where("id", "in", batch).execute();
        await insertMembers(
          trx,
          userId,
          there.map(({ id }) => id),
        );
      });
      await noteRightsChange(trx, this.#clock.now(), { userId });
    });
  }
}

/** Those who are in it already stay; says how many groups are new. */
export async function insertMembers(
  trx: Transaction<Tables>,
  userId: string,
  groupIds: readonly string[],
): Promise<bigint> {
  if (groupIds.length === 0) return 0n;
  const added = await trx
    .insertInto("groupMembers")
    .values(groupIds.map((groupId) => ({ groupId, userId })))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return added.numInsertedOrUpdatedRows ?? 0n;
}

async function deleteMembers(
  trx: Transaction<Tables>,
  userId: string,
  groupIds: readonly string[],
): Promise<bigint> {
  const gone = await trx
    .deleteFrom("groupMembers")
    .where("userId", "=", userId)
    .where("groupId", "in", groupIds)
    .executeTakeFirstOrThrow();
  return gone.numDeletedRows;
}

function decode<R extends { readonly limits: string }>({ limits, ...rest }: R) {
  // It was written by this server, or one of its database.
  return { ...rest, limits: JSON.parse(limits) as GroupRecord["limits"] };
}
