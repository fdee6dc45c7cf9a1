import type { Kysely } from "kysely";
import type { DataDiskStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { eachBatch } from "./in-batches.ts";

export class SqlDataDiskStore implements DataDiskStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async find(name: string): Promise<string | null> {
    const row = await this.#db
      .selectFrom("dataDisks")
      // A host that was revoked never comes back, and neither do its disks.
      .innerJoin("agents", "agents.id", "dataDisks.agentId")
      .select("agentId")
      .where("dataDisks.name", "=", name)
      .where("agents.revokedAt", "is", null)
      .executeTakeFirst();
    return row?.agentId ?? null;
  }

  async countOwned(owner: string): Promise<number> {
    const prefix = `${owner}/`;
    const characters = [...prefix].length;
    const { count } = await this.#db
      .selectFrom("dataDisks")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where(({ eb, fn, ref, lit }) =>
        eb(fn<string>("substr", [ref("name"), lit(1), lit(characters)]), "=", prefix),
      )
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async place(name: string, agentId: string): Promise<void> {
    await this.#db
      .insertInto("dataDisks")
      .values({ name, agentId })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ agentId }))
      .execute();
  }

  async applyHostReports(lists: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const fresh: { readonly name: string; readonly agentId: string }[] = [];
    // What is gone goes first: a disk that went from one of them to another is never nowhere afterwards.
    for (const [agentId, names] of lists) {
      const known = await this.#listNames(agentId);
      const listed = new Set(names);
      await this.#forget(
        agentId,
        [...known].filter((name) => !listed.has(name)),
      );
      for (const name of listed) if (!known.has(name)) fresh.push({ name, agentId });
    }
    await eachBatch(fresh, (batch) =>
      this.#db
        .insertInto("dataDisks")
        .values(batch)
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute(),
    );
  }

  async #listNames(agentId: string): Promise<Set<string>> {
    const rows = await this.#db
      .selectFrom("dataDisks")
      .select("name")
      .where("agentId", "=", agentId)
      .execute();
    return new Set(rows.map(({ name }) => name));
  }

  async #forget(agentId: string, names: readonly string[]): Promise<void> {
    await eachBatch(names, (batch) =>
      this.#db.deleteFrom("dataDisks").where("agentId", "=", agentId).where("name", "in", batch).execute(),
    );
  }
}
