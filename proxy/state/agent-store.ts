import type { Kysely, Transaction } from "kysely";
import { type AgentRole, type Clock, RequestError } from "../../protocol/index.ts";
import type { AgentRecord } from "./state-records.ts";
import type { AgentStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";
import { eachBatch, inBatches } from "./in-batches.ts";
import { noteRightsChange } from "./rights-changes.ts";

export class SqlAgentStore implements AgentStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(
    agent: Pick<AgentRecord, "id" | "name" | "kind" | "publicKey"> & { readonly admitted?: boolean },
  ): Promise<AgentRecord> {
    const now = this.#clock.now();
    const record: AgentRecord = {
      id: agent.id,
      name: agent.name,
      kind: agent.kind,
      publicKey: agent.publicKey,
      createdAt: now,
      lastSeenAt: null,
      revokedAt: null,
      serverId: null,
      epoch: 0,
      drainedAt: null,
      admittedAt: agent.kind === "host" && agent.admitted === true ? now : null,
      rightsChangedAt: null,
    };
    await rejectOnViolation("unique", "AGENT_EXISTS", "An agent with this id exists already.", () =>
      this.#db.insertInto("agents").values(record).execute(),
    );
    return record;
  }

  async find(id: string): Promise<AgentRecord | null> {
    const row = await this.#db.selectFrom("agents").selectAll().where("id", "=", id).executeTakeFirst();
    return row ?? null;
  }

  async findNames(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await inBatches(ids, (batch) =>
      this.#db.selectFrom("agents").select(["id", "name"]).where("id", "in", batch).execute(),
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  listHosts(): Promise<AgentRecord[]> {
    return this.#db
      .selectFrom("agents")
      .selectAll()
      .where("kind", "=", "host")
      .where("revokedAt", "is", null)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
  }

  list(): Promise<AgentRecord[]> {
    return this.#db.selectFrom("agents").selectAll().orderBy("createdAt").orderBy("id").execute();
  }

  claim(id: string, serverId: string, kind: AgentRecord["kind"]): Promise<number> {
    const now = this.#clock.now();
    return this.#db.transaction().execute(async (trx) => {
      const claimed = await trx
        .updateTable("agents")
        .set((agent) => ({ serverId, lastSeenAt: now, epoch: agent("epoch", "+", 1) }))
        .where("id", "=", id)
        .where("kind", "=", kind)
        .where("revokedAt", "is", null)
        .returning("epoch")
        .executeTakeFirst();
      if (claimed === undefined) throw await this.#explainRefusal(trx, id);
      // What the earlier connection published is offline until this one publishes it too.
      await markDesktopsOffline(trx, [id], now);
      return claimed.epoch;
    });
  }

  release(id: string, epoch: number): Promise<boolean> {
    const now = this.#clock.now();
    return this.#db.transaction().execute(async (trx) => {
      const released = await trx
        .updateTable("agents")
        .set({ serverId: null, lastSeenAt: now })
        .where("id", "=", id)
        .where("epoch", "=", epoch)
        .where("serverId", "is not", null)
        .returning("id")
        .executeTakeFirst();
      if (released === undefined) return false;
      await markDesktopsOffline(trx, [id], now);
      return true;
    });
  }

  async setDrained(id: string, drained: boolean): Promise<AgentRecord> {
    const row = await this.#db
      .updateTable("agents")
      .set({ drainedAt: drained ? this.#clock.now() : null })
      .where("id", "=", id)
      .where("revokedAt", "is", null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw await this.#explainRefusal(this.#db, id);
    return row;
  }

  async setRole(id: string, role: AgentRole): Promise<AgentRecord> {
    const now = this.#clock.now();
    const row = await this.#db
      .updateTable("agents")
      .set({ kind: role, admittedAt: role === "host" ? now : null, rightsChangedAt: now })
      .where("id", "=", id)
      .where("kind", "!=", "mip1")
      .where("revokedAt", "is", null)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw await this.#explainRefusal(this.#db, id);
    return row;
  }

  listRightsChangedSince(since: number): Promise<Pick<AgentRecord, "id" | "kind" | "admittedAt">[]> {
    return this.#db
      .selectFrom("agents")
      .select(["id", "kind", "admittedAt"])
      .where("rightsChangedAt", ">=", since)
      .execute();
  }

  async revoke(id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable("agents")
        .set((agent) => ({ revokedAt: now, serverId: null, epoch: agent("epoch", "+", 1) }))
        .where("id", "=", id)
        .where("revokedAt", "is", null)
        .execute();
      await trx.deleteFrom("desktops").where("agentId", "=", id).execute();
    });
  }

  async replaceKey(
    id: string,
    hold: { readonly epoch: number; readonly publicKey: string },
    newPublicKey: string,
  ): Promise<boolean> {
    const replaced = await this.#db
      .updateTable("agents")
      .set({ publicKey: newPublicKey })
      .where("id", "=", id)
      .where("epoch", "=", hold.epoch)
      .where("publicKey", "=", hold.publicKey)
      .where("revokedAt", "is", null)
      .returning("id")
      .executeTakeFirst();
    return replaced !== undefined;
  }

  async listRevokedSince(since: number): Promise<string[]> {
    const rows = await this.#db.selectFrom("agents").select("id").where("revokedAt", ">=", since).execute();
    return rows.map(({ id }) => id);
  }

  async releaseAll(serverId: string): Promise<void> {
    const now = this.#clock.now();
    await this.#db.transaction().execute(async (trx) => {
      const released = await trx
        .updateTable("agents")
        .set({ serverId: null })
        .where("serverId", "=", serverId)
        .returning("id")
        .execute();
      const ids = released.map(({ id }) => id);
      await eachBatch(ids, (batch) => markDesktopsOffline(trx, batch, now));
    });
  }

  async forget(kind: AgentRecord["kind"], lastSeenBefore: number): Promise<number> {
    return this.#db.transaction().execute(async (trx) => {
      const { numDeletedRows } = await trx
        .deleteFrom("agents")
        .where("kind", "=", kind)
        .where("serverId", "is", null)
        .where("revokedAt", "is", null)
        .where("lastSeenAt", "<", lastSeenBefore)
        .executeTakeFirstOrThrow();
      // Its labels are gone with it: the next one of this id must not have them.
      if (numDeletedRows > 0n) await noteRightsChange(trx, this.#clock.now());
      return Number(numDeletedRows);
    });
  }

  async #explainRefusal(db: Kysely<Tables>, id: string): Promise<RequestError> {
    const known = await db.selectFrom("agents").select("revokedAt").where("id", "=", id).executeTakeFirst();
    if (known === undefined)
      return new RequestError("AGENT_UNKNOWN", `agent ${id} is unknown`, {
        safeMessage: "The agent is unknown.",
      });
    return known.revokedAt === null
      ? new RequestError("ROLE_REFUSED", `agent ${id} has another role`, {
          safeMessage: "The agent has another role.",
        })
      : new RequestError("AGENT_REVOKED", `agent ${id} is revoked`, {
          safeMessage: "The agent was revoked.",
        });
  }
}

/** They are forgotten some time after `now`. */
async function markDesktopsOffline(
  trx: Transaction<Tables>,
  agentIds: readonly string[],
  now: number,
): Promise<void> {
  await trx
    .updateTable("desktops")
    .set({ state: "offline", lastSeenAt: now })
    .where("agentId", "in", agentIds)
    .where("state", "=", "online")
    .execute();
}
