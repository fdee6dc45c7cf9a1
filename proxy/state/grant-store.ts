import { randomUUID } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import { rejectOnViolation } from "./constraint.ts";
import { escapeLike } from "./escape-like.ts";
import { inBatches } from "./in-batches.ts";
import { listReachable } from "./list-reachable.ts";
import { deleteRightsChanges, noteRightsChange, readRightsChanges } from "./rights-changes.ts";
import type {
  GrantRecord,
  NamedGrant,
  RightsChanges,
  RightsHolder,
  RightsTarget,
  Rule,
} from "./rights-records.ts";
import type { GrantQuery, GrantStore, NewGrant } from "./rights-stores.ts";
import { splitPattern } from "./split-pattern.ts";
import type { Tables } from "./tables.ts";

const RULE = ["may", "target", "agent", "name", "exact"] as const;

export class SqlGrantStore implements GrantStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add({ holder, may, target, pattern, createdBy }: NewGrant): Promise<GrantRecord> {
    const userId = "userId" in holder ? holder.userId : null;
    const groupId = "groupId" in holder ? holder.groupId : null;
    const createdAt = this.#clock.now();
    const record = { id: randomUUID(), userId, groupId, may, target, pattern, createdBy, createdAt };
    const row = { ...record, ...splitPattern(target, pattern), holderId: userId ?? groupId ?? "" };
    await rejectOnViolation("unique", "GRANT_EXISTS", "There is such a grant already.", () =>
      rejectOnViolation("reference", "GRANT_HOLDER_UNKNOWN", "There is no such account, or group.", () =>
        this.#db.transaction().execute(async (trx) => {
          await trx.insertInto("grants").values(row).execute();
          await noteRightsChange(trx, createdAt, userId === null ? { groupId: row.holderId } : { userId });
        }),
      ),
    );
    return record;
  }

  async find(id: string): Promise<NamedGrant | null> {
    const found = await this.#selectNamed().where("r.id", "=", id).executeTakeFirst();
    return found ?? null;
  }

  list({ holderId, target, search, after, limit }: GrantQuery): Promise<NamedGrant[]> {
    let found = this.#selectNamed();
    if (holderId !== undefined) found = found.where("r.holderId", "=", holderId);
    if (target !== undefined) found = found.where("r.target", "=", target);
    if (search !== undefined) {
      const pattern = `%${escapeLike(search.toLowerCase())}%`;
      found = found.where(sql<boolean>`lower(r.pattern) like ${pattern} escape '!'`);
    }
    if (after !== undefined)
      found = found.where(({ or, and, eb }) =>
        or([
          eb("r.createdAt", ">", after.createdAt),
          and([eb("r.createdAt", "=", after.createdAt), eb("r.id", ">", after.id)]),
        ]),
      );
    return found.orderBy("r.createdAt").orderBy("r.id").limit(limit).execute();
  }

  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const gone = await trx
        .deleteFrom("grants")
        .where("id", "=", id)
        .returning(["userId", "groupId"])
        .executeTakeFirst();
      if (gone === undefined) return;
      const { userId, groupId } = gone;
      await noteRightsChange(trx, this.#clock.now(), {
        ...(userId !== null && { userId }),
        ...(groupId !== null && { groupId }),
      });
    });
  }

  listReaching(userId: string, limit: number): Promise<NamedGrant[]> {
    return this.#selectNamed()
      .where(({ or, eb, selectFrom }) =>
        or([
          eb("r.holderId", "=", userId),
          eb("r.holderId", "in", selectFrom("groupMembers").select("groupId").where("userId", "=", userId)),
        ]),
      )
      .orderBy("r.createdAt")
      .limit(limit)
      .execute();
  }

  listAbout({ name, agentId, agentName, labels }: RightsTarget, limit: number): Promise<NamedGrant[]> {
    const hosts = [agentId, agentName].flatMap((one) => one ?? []);
    return this.#selectNamed()
      .where(({ or, and, eb }) =>
        or([
          and([eb("r.exact", "=", 0), eb("r.target", "in", ["desktop", "host", "label"])]),
          and([eb("r.target", "=", "desktop"), eb("r.exact", "=", 1), eb("r.name", "=", name)]),
          ...(hosts.length === 0
            ? []
            : [and([eb("r.target", "=", "host"), eb("r.exact", "=", 1), eb("r.name", "in", hosts)])]),
          ...(labels.length === 0
            ? []
            : [and([eb("r.target", "=", "label"), eb("r.exact", "=", 1), eb("r.name", "in", labels)])]),
        ]),
      )
      .orderBy("r.createdAt")
      .limit(limit)
      .execute();
  }

  async findHolder(userId: string): Promise<RightsHolder | null> {
    const rows = await this.#db
      .selectFrom("users as u")
      .leftJoin("groupMembers as m", "m.userId", "u.id")
      .select(["u.role", "u.disabledAt", "m.groupId"])
      .where("u.id", "=", userId)
      .execute();
    const [first] = rows;
    if (first === undefined) return null;
    const groupIds = rows.flatMap(({ groupId }) => groupId ?? []);
    return { role: first.role, disabled: first.disabledAt !== null, groupIds };
  }

  async listRules(holderIds: readonly string[]): Promise<Map<string, Rule[]>> {
    const rows = await inBatches(holderIds, (batch) =>
      this.#db
        .selectFrom("grants")
        .select(["holderId", ...RULE])
        .where("holderId", "in", batch)
        .execute(),
    );
    const rules = new Map<string, Rule[]>(holderIds.map((id) => [id, []]));
    for (const { holderId, ...rule } of rows) rules.get(holderId)?.push(rule);
    return rules;
  }

  listCreateTargets(): Promise<Pick<Rule, "target" | "name" | "exact">[]> {
    return this.#db
      .selectFrom("grants")
      .select(["target", "name", "exact"])
      .distinct()
      .where("target", "in", ["image", "host", "label"])
      .where("may", "=", "create")
      .execute();
  }

  listReachable(...[userId, patterns]: Parameters<GrantStore["listReachable"]>) {
    return listReachable(this.#db, userId, patterns);
  }

  readChanges(since: number): Promise<RightsChanges | null> {
    return readRightsChanges(this.#db, since);
  }

  deleteChanges(before: number): Promise<number> {
    return deleteRightsChanges(this.#db, before);
  }

  #selectNamed() {
    return this.#db
      .selectFrom("grants as r")
      .leftJoin("users as u", "u.id", "r.userId")
      .leftJoin("groups as g", "g.id", "r.groupId")
      .select([
        "r.id",
        "r.userId",
        "r.groupId",
        "r.may",
        "r.target",
        "r.pattern",
        "r.createdBy",
        "r.createdAt",
      ])
      .select(sql<string>`coalesce(u.name, g.name)`.as("holderName"));
  }
}
