import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import { packDenied, unpackDenied } from "./denied-permissions.ts";
import type { SessionRecord, SessionValidity } from "./state-records.ts";
import type { SessionStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { inBatches } from "./in-batches.ts";

/** What a list holds unless its caller says otherwise. */
const LIST_LIMIT = 1_000;

export class SqlSessionStore implements SessionStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async open(session: Parameters<SessionStore["open"]>[0]): Promise<void> {
    await this.#db
      .insertInto("sessions")
      .values({
        id: session.id,
        desktopId: session.desktopId,
        desktopName: session.desktopName,
        agentId: session.agentId,
        serverId: session.serverId,
        method: session.method,
        transport: session.transport,
        role: session.role,
        denied: packDenied(session.denied ?? []),
        state: "open",
        subject: session.subject,
        sourceAddress: session.sourceAddress,
        startedAt: session.startedAt,
        endedAt: null,
        cause: null,
        bytesToViewer: 0,
        bytesToServer: 0,
        orderedEnd: null,
        loginHash: session.loginHash ?? null,
      })
      .execute();
  }

  async close(id: string, end: Parameters<SessionStore["close"]>[1]): Promise<void> {
    await this.#db
      .updateTable("sessions")
      .set({
        state: "closed",
        endedAt: end.endedAt,
        cause: end.cause,
        bytesToViewer: end.bytesToViewer,
        bytesToServer: end.bytesToServer,
      })
      .where("id", "=", id)
      // The first cause of an end wins.
      .where("state", "=", "open")
      .execute();
  }

  async listValidity(serverId: string): Promise<SessionValidity[]> {
    const rows = await this.#db
      .selectFrom("sessions as s")
      .leftJoin("tokens as t", "t.id", "s.subject")
      .leftJoin("desktops as d", "d.id", "s.desktopId")
      .leftJoin("agents as a", "a.id", "s.agentId")
      .leftJoin("users as u", "u.id", "s.subject")
      .leftJoin("logins as l", "l.hash", "s.loginHash")
      .leftJoin("apiTokens as k", "k.hash", "s.loginHash")
      .select(["s.id", "s.orderedEnd", "d.id as desktopId", "a.revokedAt as agentRevokedAt"])
      .select(["t.role as tokenRole", "t.denied as tokenDenied", "t.revokedAt as tokenRevokedAt"])
      .select([
        "u.id as userId",
        "u.disabledAt",
        "s.loginHash",
        "l.hash as openLogin",
        "k.hash as openApiToken",
      ])
      .where("s.serverId", "=", serverId)
      .where("s.state", "=", "open")
      .execute();
    return rows.map((row) => ({
      id: row.id,
      orderedEnd: row.orderedEnd,
      desktopExists: row.desktopId !== null,
      agentRevoked: row.agentRevokedAt !== null,
      token: row.tokenRole && {
        role: row.tokenRole,
        denied: unpackDenied(row.tokenDenied ?? ""),
        revoked: row.tokenRevokedAt !== null,
      },
      account: row.userId === null ? null : { disabled: row.disabledAt !== null },
      loginEnded: row.loginHash !== null && row.openLogin === null && row.openApiToken === null,
    }));
  }

  async requestEnd(id: string, cause: string): Promise<boolean> {
    const ordered = await this.#db
      .updateTable("sessions")
      .set({ orderedEnd: cause })
      .where("id", "=", id)
      .where("state", "=", "open")
      .returning("id")
      .executeTakeFirst();
    return ordered !== undefined;
  }

  async countOpen(): Promise<Map<string, number>> {
    const rows = await this.#db
      .selectFrom("sessions")
      .select(({ fn }) => ["desktopId", fn.countAll<number>().as("count")])
      .where("state", "=", "open")
      .groupBy("desktopId")
      .execute();
    return new Map(rows.map(({ desktopId, count }) => [desktopId, count]));
  }

  async find(id: string): Promise<SessionRecord | null> {
    const found = await this.#db.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirst();
    return found === undefined ? null : decode(found);
  }

  async list(filter: Parameters<SessionStore["list"]>[0] = {}): Promise<SessionRecord[]> {
    const { state, after, limit = LIST_LIMIT } = filter;
    let asked = this.#db
      .selectFrom("sessions")
      .selectAll()
      .orderBy("startedAt", "desc")
      .orderBy("id", "desc")
      .limit(limit);
    if (state !== undefined) asked = asked.where("state", "=", state);
    if (after !== undefined)
      asked = asked.where(({ or, and, eb }) =>
        or([
          eb("startedAt", "<", after.startedAt),
          and([eb("startedAt", "=", after.startedAt), eb("id", "<", after.id)]),
        ]),
      );
    return (await asked.execute()).map(decode);
  }

  async listPeople(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await inBatches(ids, (batch) =>
      this.#db
        .selectFrom("sessions as s")
        .leftJoin("tokens as t", "t.id", "s.subject")
        .innerJoin("users as u", (join) =>
          join.on((on) =>
            on.or([on("u.id", "=", on.ref("s.subject")), on("u.id", "=", on.ref("t.createdBy"))]),
          ),
        )
        .select(["s.id", "u.name"])
        .where("s.id", "in", batch)
        .execute(),
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  async forget({ before, keep, limit }: Parameters<SessionStore["forget"]>[0]): Promise<number> {
    const selectClosed = () => this.#db.selectFrom("sessions").where("state", "=", "closed");
    const surplus = await selectClosed()
      .select("startedAt")
      .orderBy("startedAt", "desc")
      .offset(keep)
      .limit(1)
      .executeTakeFirst();
    const old = selectClosed()
      .select("id")
      .where(({ or, and, eb }) =>
        or([
          and([eb("startedAt", "<", before), eb("endedAt", "<", before)]),
          eb("startedAt", "<=", surplus?.startedAt ?? -1),
        ]),
      )
      .orderBy("startedAt")
      .limit(limit);
    const gone = await this.#db.deleteFrom("sessions").where("id", "in", old).executeTakeFirstOrThrow();
    return Number(gone.numDeletedRows);
  }

  async closeAll(serverId: string, cause: string): Promise<void> {
    await this.#db
      .updateTable("sessions")
      .set({ state: "closed", endedAt: this.#clock.now(), cause })
      .where("serverId", "=", serverId)
      .where("state", "=", "open")
      .execute();
  }
}

function decode({
  orderedEnd: _orderedEnd,
  loginHash: _loginHash,
  denied,
  ...record
}: Tables["sessions"]): SessionRecord {
  return { ...record, denied: unpackDenied(denied) };
}
