import type { Kysely } from "kysely";
import type { TicketRecord } from "./state-records.ts";
import type { TicketStore } from "./stores.ts";
import { deleteExpired } from "./delete-expired.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";
import { packDenied, unpackDenied } from "./denied-permissions.ts";

/** A ticket is used by deleting it: only one caller can delete the row. */
export class SqlTicketStore implements TicketStore {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async create(hash: string, ticket: Parameters<TicketStore["create"]>[1]): Promise<void> {
    const { desktopId, role, createdBy, loginHash = null, expiresAt } = ticket;
    const denied = packDenied(ticket.denied ?? []);
    await rejectOnViolation("reference", "DESKTOP_UNKNOWN", "The desktop is unknown.", () =>
      this.#db
        .insertInto("tickets")
        .values({ hash, desktopId, role, denied, createdBy, loginHash, expiresAt })
        .execute(),
    );
  }

  async take(hash: string, now: number): Promise<TicketRecord | null> {
    const taken = await this.#db
      .deleteFrom("tickets")
      .where("hash", "=", hash)
      .where("expiresAt", ">", now)
      .returning(["desktopId", "role", "denied", "createdBy", "loginHash", "expiresAt"])
      .executeTakeFirst();
    return taken ? { ...taken, denied: unpackDenied(taken.denied) } : null;
  }

  deleteExpired(now: number): Promise<number> {
    return deleteExpired(this.#db, "tickets", now);
  }
}
