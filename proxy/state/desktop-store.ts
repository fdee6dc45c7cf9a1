import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import { type Clock, RequestError } from "../../protocol/index.ts";
import type { DesktopRecord, DesktopView } from "./state-records.ts";
import type { DesktopStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";

/** Rows of one statement, where there may be many. */
const PAGE_ROWS = 500;

export class SqlDesktopStore implements DesktopStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async publish(
    agentId: string,
    name: string,
    machineId: string | null,
    limit = Infinity,
  ): Promise<DesktopRecord> {
    const now = this.#clock.now();
    // Also before the transaction, so that what is refused takes no write lock.
    await this.#checkLimit(this.#db, { agentId, name }, limit);
    return await this.#db.transaction().execute(async (trx) => {
      await this.#checkLimit(trx, { agentId, name }, limit);
      // Another machine under the same name is another desktop: the tokens of the old one must not reach it.
      await trx
        .deleteFrom("desktops")
        .where("agentId", "=", agentId)
        .where("name", "=", name)
        .where("machineId", "is distinct from", machineId)
        .execute();
      return await rejectOnViolation("reference", "AGENT_UNKNOWN", "The agent is unknown.", () =>
        trx
          .insertInto("desktops")
          .values({
            id: randomUUID(),
            agentId,
            name,
            machineId,
            state: "online",
            createdAt: now,
            lastSeenAt: now,
          })
          .onConflict((conflict) =>
            conflict.columns(["agentId", "name"]).doUpdateSet({ state: "online", lastSeenAt: now }),
          )
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
    });
  }

  async withdraw(agentId: string, name: string): Promise<void> {
    await this.#db
      .updateTable("desktops")
      .set({ state: "offline", lastSeenAt: this.#clock.now() })
      .where("agentId", "=", agentId)
      .where("name", "=", name)
      .execute();
  }

  /** @throws RequestError `DESKTOP_LIMIT` */
  async #checkLimit(
    db: Kysely<Tables>,
    { agentId, name }: Pick<DesktopRecord, "agentId" | "name">,
    limit: number,
  ): Promise<void> {
    if (limit === Infinity) return;
    const { others } = await db
      .selectFrom("desktops")
      .select((desktop) => desktop.fn.countAll<number>().as("others"))
      .where("agentId", "=", agentId)
      .where("name", "!=", name)
      .executeTakeFirstOrThrow();
    if (others < limit) return;
    throw RequestError.public(
      "DESKTOP_LIMIT",
      "The agent has too many desktops. Those that were withdrawn count for a week.",
    );
  }

  async find(id: string): Promise<DesktopView | null> {
    return (await this.#selectViews().where("desktops.id", "=", id).executeTakeFirst()) ?? null;
  }

  findMany(ids: readonly string[]): Promise<DesktopView[]> {
    return inBatches(ids, (batch) => this.#selectViews().where("desktops.id", "in", batch).execute());
  }

  /** A page at a time, by the primary key: one statement holds up everything else until it is done. */
  async list(): Promise<DesktopView[]> {
    const desktops: DesktopView[] = [];
    for (;;) {
      const page = this.#selectUnordered().orderBy("desktops.id").limit(PAGE_ROWS);
      const last = desktops.at(-1);
      const rows = await (last === undefined ? page : page.where("desktops.id", ">", last.id)).execute();
      desktops.push(...rows);
      if (rows.length < PAGE_ROWS) return desktops.sort(compareAge);
    }
  }

  listByAgent(agentId: string): Promise<DesktopView[]> {
    return this.#selectViews().where("agentId", "=", agentId).execute();
  }

  listByMachines(machineIds: readonly string[]): Promise<DesktopView[]> {
    return inBatches(machineIds, (batch) => this.#selectViews().where("machineId", "in", batch).execute());
  }

  async findByName(name: string): Promise<DesktopView[]> {
    // A desktop's name has no slash, so the last one ends the agent's.
    const slash = name.lastIndexOf("/");
    const agent = name.slice(0, slash);
    const named = this.#selectViews().where("desktops.name", "=", name.slice(slash + 1));
    if (slash < 0) return named.execute();
    const found = await named
      .where((row) => row.or([row("agents.name", "=", agent), row("agents.id", "=", agent)]))
      .execute();
    const byId = found.filter(({ agentId }) => agentId === agent);
    return byId.length > 0 ? byId : found;
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom("desktops").where("id", "=", id).execute();
  }

  async removeOffline(id: string): Promise<boolean> {
    const query = this.#db.deleteFrom("desktops").where("id", "=", id).where("state", "=", "offline");
    return (await query.executeTakeFirstOrThrow()).numDeletedRows > 0n;
  }

  forget(
    lastSeenBefore: number,
    { now, limit }: { readonly now: number; readonly limit: number },
  ): Promise<Pick<DesktopRecord, "id" | "name" | "agentId">[]> {
    return this.#db
      .deleteFrom("desktops")
      .where("id", "in", (outer) =>
        outer
          .selectFrom("desktops")
          .select("desktops.id")
          .where("desktops.state", "=", "offline")
          .where("desktops.lastSeenAt", "<", lastSeenBefore)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom("tokens")
                  .select("tokens.id")
                  .whereRef("tokens.desktopId", "=", "desktops.id")
                  .where("tokens.revokedAt", "is", null)
                  .where("tokens.expiresAt", ">", now),
              ),
            ),
          )
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom("repeaterIds")
                  .select("repeaterIds.hash")
                  .whereRef("repeaterIds.desktopId", "=", "desktops.id")
                  .where("repeaterIds.expiresAt", ">", now),
              ),
            ),
          )
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom("machines")
                  .select("machines.id")
                  .whereRef("machines.id", "=", "desktops.machineId")
                  .whereRef("machines.agentId", "=", "desktops.agentId"),
              ),
            ),
          )
          .orderBy("desktops.lastSeenAt")
          .limit(limit),
      )
      .where("state", "=", "offline")
      .returning(["id", "name", "agentId"])
      .execute();
  }

  #selectViews() {
    return this.#selectUnordered().orderBy("desktops.createdAt").orderBy("desktops.id");
  }

  #selectUnordered() {
    return this.#db
      .selectFrom("desktops")
      .innerJoin("agents", "agents.id", "desktops.agentId")
      .selectAll("desktops")
      .select("agents.name as agentName");
  }
}

function compareAge(one: DesktopView, other: DesktopView): number {
  return one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1);
}
