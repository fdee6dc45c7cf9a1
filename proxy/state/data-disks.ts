import type { Kysely } from "kysely";
import type { DataDiskStore } from "./stores.ts";
import type { Tables } from "./schema.ts";

/** Rows in one statement: far below both databases' limit on parameters. */
const BATCH = 400;

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

  async place(name: string, agentId: string): Promise<void> {
    await this.#db
      .insertInto("dataDisks")
      .values({ name, agentId })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ agentId }))
      .execute();
  }

  async keep(agentId: string, names: readonly string[]): Promise<void> {
    const rows = await this.#db
      .selectFrom("dataDisks")
      .select("name")
      .where("agentId", "=", agentId)
      .execute();
    const known = new Set(rows.map(({ name }) => name));
    const listed = new Set(names);
    const fresh = [...listed].filter((name) => !known.has(name));
    const gone = [...known].filter((name) => !listed.has(name));
    for (let at = 0; at < fresh.length; at += BATCH)
      await this.#db
        .insertInto("dataDisks")
        .values(fresh.slice(at, at + BATCH).map((name) => ({ name, agentId })))
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
    for (let at = 0; at < gone.length; at += BATCH)
      await this.#db
        .deleteFrom("dataDisks")
        .where("agentId", "=", agentId)
        .where("name", "in", gone.slice(at, at + BATCH))
        .execute();
  }
}
