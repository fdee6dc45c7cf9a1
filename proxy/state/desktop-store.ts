import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { DesktopRecord, DesktopView } from "./state-records.ts";
import type { DesktopStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";

export class SqlDesktopStore implements DesktopStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  publish(agentId: string, name: string, machineId: string | null): Promise<DesktopRecord> {
    const now = this.#clock.now();
    return this.#db.transaction().execute(async (trx) => {
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

  async find(id: string): Promise<DesktopView | null> {
    return (await this.#selectViews().where("desktops.id", "=", id).executeTakeFirst()) ?? null;
  }

  list(): Promise<DesktopView[]> {
    return this.#selectViews().execute();
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
    return this.#db
      .selectFrom("desktops")
      .innerJoin("agents", "agents.id", "desktops.agentId")
      .selectAll("desktops")
      .select("agents.name as agentName")
      .orderBy("desktops.createdAt")
      .orderBy("desktops.id");
  }
}
