import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";
import { noteRightsChange } from "./rights-changes.ts";
import type { LabelStore } from "./rights-stores.ts";
import type { Tables } from "./tables.ts";

export class SqlLabelStore implements LabelStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async set(target: Parameters<LabelStore["set"]>[0], labels: readonly string[]): Promise<void> {
    const owner =
      "desktopId" in target
        ? { targetId: target.desktopId, desktopId: target.desktopId, agentId: null }
        : { targetId: target.agentId, desktopId: null, agentId: target.agentId };
    const code = owner.agentId === null ? "DESKTOP_UNKNOWN" : "AGENT_UNKNOWN";
    const rows = [...new Set(labels)].map((label) => ({ ...owner, label }));
    await rejectOnViolation("reference", code, "There is nothing of this id to be labelled.", () =>
      this.#db.transaction().execute(async (trx) => {
        await trx.deleteFrom("labels").where("targetId", "=", owner.targetId).execute();
        if (rows.length > 0) await trx.insertInto("labels").values(rows).execute();
        await noteRightsChange(trx, this.#clock.now());
      }),
    );
  }

  async find(ids: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await inBatches(ids, (batch) => this.#select().where("targetId", "in", batch).execute());
    return byTarget(rows);
  }

  async list(): Promise<Map<string, string[]>> {
    return byTarget(await this.#select().execute());
  }

  async listFew(most: number): Promise<Map<string, string[]> | null> {
    const rows = await this.#select()
      .limit(most + 1)
      .execute();
    return rows.length > most ? null : byTarget(rows);
  }

  #select() {
    return this.#db.selectFrom("labels").select(["targetId", "label"]).orderBy("label");
  }
}

function byTarget(
  rows: readonly { readonly targetId: string; readonly label: string }[],
): Map<string, string[]> {
  const labels = new Map<string, string[]>();
  for (const { targetId, label } of rows) {
    const known = labels.get(targetId);
    if (known === undefined) labels.set(targetId, [label]);
    else known.push(label);
  }
  return labels;
}
