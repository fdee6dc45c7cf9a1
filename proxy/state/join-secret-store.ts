import type { Kysely } from "kysely";
import type { AgentRole } from "../../protocol/index.ts";
import type { JoinGrant } from "./state-records.ts";
import type { JoinResult, JoinSecretStore } from "./stores.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";

export class SqlJoinSecretStore implements JoinSecretStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, expiresAt: number, { role, admit }: JoinGrant): Promise<void> {
    const row = { hash, expiresAt, role, admit: admit ? 1 : 0 };
    await this.#db.insertInto("joinSecrets").values(row).execute();
  }

  async take(hash: string, role: AgentRole, now: number): Promise<JoinResult> {
    const taken = await this.#db
      .deleteFrom("joinSecrets")
      .where("hash", "=", hash)
      .where("role", "=", role)
      .where("expiresAt", ">", now)
      .returning("admit")
      .executeTakeFirst();
    if (taken !== undefined) return { kind: "granted", admit: taken.admit !== 0 };
    const other = await this.#db
      .selectFrom("joinSecrets")
      .select("role")
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .executeTakeFirst();
    return { kind: other === undefined ? "unknown" : "otherRole" };
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, "joinSecrets", now);
  }
}
