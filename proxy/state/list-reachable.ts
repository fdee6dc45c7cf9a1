import { sql, type Kysely } from "kysely";
import { escapeLike } from "./escape-like.ts";
import { inBatches } from "./in-batches.ts";
import type { GrantTarget, RulePattern } from "./rights-records.ts";
import type { GrantStore } from "./rights-stores.ts";
import type { Tables } from "./tables.ts";

/** With more patterns, reading everything is cheaper. */
const MAX_PATTERNS = 100;

interface Reached {
  readonly desktopId: string | null;
  readonly machineId: string | null;
}

export async function listReachable(
  db: Kysely<Tables>,
  userId: string,
  patterns: readonly RulePattern[],
): ReturnType<GrantStore["listReachable"]> {
  if (patterns.length > MAX_PATTERNS || patterns.some(({ prefix }) => prefix === "")) return null;
  const rows = (await Promise.all([listNamed(db, userId), listByPrefix(db, patterns)])).flat();
  return {
    desktopIds: [...new Set(rows.flatMap(({ desktopId }) => desktopId ?? []))],
    machineIds: [...new Set(rows.flatMap(({ machineId }) => machineId ?? []))],
  };
}

/**
 * One statement, from the rules of a person by indexes to what they name: its cost is that of the person's rules, however many
 * rules, people and desktops there are. Crossed, since SQLite then keeps to this order, and patterns left in,
 * which are nobody's names, since it would use the index of targets for `exact`: either way it takes a hundred times as long.
 */
function listNamed(db: Kysely<Tables>, userId: string): Promise<Reached[]> {
  return (
    db
      .with("mine", (cte) =>
        cte
          .selectNoFrom(sql<string>`cast(${userId} as text)`.as("holder"))
          .unionAll(cte.selectFrom("groupMembers").select("groupId as holder").where("userId", "=", userId)),
      )
      .with("rules", (cte) =>
        cte
          .selectFrom("mine")
          .crossJoin("grants as g")
          .whereRef("g.holderId", "=", "mine.holder")
          .select(["g.target", "g.name"])
          .where("g.may", "not in", ["none", "create"]),
      )
      // Agents by name or id, and what has a label: as ids of agents and desktops.
      .with("places", (cte) =>
        cte
          .selectFrom("rules as r")
          .crossJoin("agents as a")
          .whereRef("a.name", "=", "r.name")
          .select("a.id as place")
          .where("r.target", "=", "host")
          .union(cte.selectFrom("rules as r").select("r.name as place").where("r.target", "=", "host"))
          .union(
            cte
              .selectFrom("rules as r")
              .crossJoin("labels as l")
              .whereRef("l.label", "=", "r.name")
              .select("l.targetId as place")
              .where("r.target", "=", "label"),
          ),
      )
      .selectFrom("rules as r")
      .crossJoin("desktops as d")
      .whereRef("d.name", "=", "r.name")
      .select([sql<string | null>`d.id`.as("desktopId"), "d.machineId"])
      .where("r.target", "=", "desktop")
      .union((cte) =>
        cte
          .selectFrom("places as p")
          .crossJoin("desktops as d")
          .whereRef("d.agentId", "=", "p.place")
          .select([sql<string | null>`d.id`.as("desktopId"), "d.machineId"]),
      )
      .union((cte) =>
        cte
          .selectFrom("places as p")
          .crossJoin("desktops as d")
          .whereRef("d.id", "=", "p.place")
          .select([sql<string | null>`d.id`.as("desktopId"), "d.machineId"]),
      )
      .union((cte) =>
        cte
          .selectFrom("rules as r")
          .crossJoin("machines as m")
          .whereRef("m.name", "=", "r.name")
          .select([
            sql<string | null>`cast(null as text)`.as("desktopId"),
            sql<string | null>`m.id`.as("machineId"),
          ])
          .where("r.target", "=", "desktop"),
      )
      .union((cte) =>
        cte
          .selectFrom("places as p")
          .crossJoin("machines as m")
          .whereRef("m.agentId", "=", "p.place")
          .select([
            sql<string | null>`cast(null as text)`.as("desktopId"),
            sql<string | null>`m.id`.as("machineId"),
          ]),
      )
      .execute()
  );
}

/** Patterns are few, and each is looked for among all names. */
async function listByPrefix(db: Kysely<Tables>, patterns: readonly RulePattern[]): Promise<Reached[]> {
  const begins = (column: string, target: GrantTarget) =>
    patterns
      .filter((one) => one.target === target)
      .map(({ prefix }) => sql<boolean>`${sql.ref(column)} like ${`${escapeLike(prefix)}%`} escape '!'`);
  const onHosts = [...begins("a.name", "host"), ...begins("a.id", "host")];
  const labels = begins("label", "label");
  const places =
    labels.length === 0
      ? []
      : (
          await db
            .selectFrom("labels")
            .select("targetId")
            .where(({ or }) => or(labels))
            .execute()
        ).map(({ targetId }) => targetId);
  const desktops = [...begins("d.name", "desktop"), ...onHosts];
  const machines = [...begins("m.name", "desktop"), ...onHosts];
  const found: Reached[] = [];
  if (desktops.length > 0)
    found.push(
      ...(await db
        .selectFrom("desktops as d")
        .innerJoin("agents as a", "a.id", "d.agentId")
        .select(["d.id as desktopId", "d.machineId"])
        .where(({ or }) => or(desktops))
        .execute()),
      ...(await db
        .selectFrom("machines as m")
        .leftJoin("agents as a", "a.id", "m.agentId")
        .select([sql<null>`null`.as("desktopId"), "m.id as machineId"])
        .where(({ or }) => or(machines))
        .execute()),
    );
  found.push(
    ...(await inBatches(places, (batch) =>
      db
        .selectFrom("desktops as d")
        .select(["d.id as desktopId", "d.machineId"])
        .where(({ or, eb }) => or([eb("d.id", "in", batch), eb("d.agentId", "in", batch)]))
        .execute(),
    )),
    ...(await inBatches(places, (batch) =>
      db
        .selectFrom("machines as m")
        .select([sql<null>`null`.as("desktopId"), "m.id as machineId"])
        .where("m.agentId", "in", batch)
        .execute(),
    )),
  );
  return found;
}
