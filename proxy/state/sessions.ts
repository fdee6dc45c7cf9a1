import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { SessionRecord } from "./records.ts";
import type { SessionStore } from "./stores.ts";
import type { Tables } from "./schema.ts";

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
        state: "open",
        subject: session.subject,
        sourceAddress: session.sourceAddress,
        startedAt: session.startedAt,
        endedAt: null,
        cause: null,
        bytesToViewer: 0,
        bytesToServer: 0,
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

  list(filter: Parameters<SessionStore["list"]>[0] = {}): Promise<SessionRecord[]> {
    const newest = this.#db
      .selectFrom("sessions")
      .selectAll()
      .orderBy("startedAt", "desc")
      .orderBy("id", "desc")
      .limit(filter.limit ?? LIST_LIMIT);
    return (filter.state === undefined ? newest : newest.where("state", "=", filter.state)).execute();
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
