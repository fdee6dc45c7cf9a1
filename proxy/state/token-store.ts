import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { OpenTokensPage, TokenRecord } from "./state-records.ts";
import type { TokenStore } from "./stores.ts";
import type { Tables } from "./tables.ts";
import type { Sealer } from "./sealer.ts";
import { rejectOnViolation } from "./constraint.ts";
import { packDenied, unpackDenied } from "./denied-permissions.ts";

const TABLE = "tokens";
const RECORD = ["id", "desktopId", "role", "denied", "createdBy", "createdAt", "expiresAt"] as const;
/** How long after its expiry a revoked token is still known as such: servers' clocks differ. */
const REVOKED_KEPT_MS = 24 * 3600 * 1000;

export class SqlTokenStore implements TokenStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, clock: Clock, sealer: Sealer) {
    this.#db = db;
    this.#clock = clock;
    this.#sealer = sealer;
  }

  async create(token: Parameters<TokenStore["create"]>[0]): Promise<TokenRecord> {
    const record: TokenRecord = {
      id: randomUUID(),
      desktopId: token.desktopId,
      role: token.role,
      denied: token.denied ?? [],
      createdBy: token.createdBy,
      createdAt: this.#clock.now(),
      expiresAt: token.expiresAt,
    };
    const sealed = this.#sealer.seal(TABLE, record.id, token.token);
    await rejectOnViolation("reference", "DESKTOP_UNKNOWN", "The desktop is unknown.", () =>
      this.#db
        .insertInto(TABLE)
        .values({ ...record, denied: packDenied(record.denied), sealed, revokedAt: null })
        .execute(),
    );
    return record;
  }

  async listOpen(now: number, page: Parameters<TokenStore["listOpen"]>[1]): Promise<OpenTokensPage> {
    // Without a condition on expiry and revocation the database reads the ids in order and sorts nothing. Few rows are
    // left out afterwards.
    const rows = await this.#db
      .selectFrom(TABLE)
      .select([...RECORD, "sealed", "revokedAt"])
      .where("id", ">", page.after ?? "")
      .orderBy("id")
      .limit(page.limit)
      .execute();
    const open = rows.filter(({ expiresAt, revokedAt }) => expiresAt > now && revokedAt === null);
    const tokens = open.map(({ sealed, revokedAt: _open, ...record }) => ({
      ...toTokenRecord(record),
      reveal: () => this.#sealer.unseal(TABLE, record.id, sealed),
    }));
    return { tokens, next: rows.length < page.limit ? null : (rows.at(-1)?.id ?? null) };
  }

  async find(id: string): Promise<TokenRecord | null> {
    const open = this.#db.selectFrom(TABLE).select(RECORD).where("revokedAt", "is", null);
    const row = await open.where("id", "=", id).executeTakeFirst();
    return row ? toTokenRecord(row) : null;
  }

  async list(desktopId?: string): Promise<TokenRecord[]> {
    const all = this.#db.selectFrom(TABLE).select(RECORD).where("revokedAt", "is", null);
    const asked = desktopId === undefined ? all : all.where("desktopId", "=", desktopId);
    return (await asked.orderBy("createdAt").orderBy("id").execute()).map(toTokenRecord);
  }

  async listByCreator(userId: string): Promise<TokenRecord[]> {
    const own = this.#db.selectFrom(TABLE).select(RECORD).where("createdBy", "=", userId);
    const open = own.where("revokedAt", "is", null).orderBy("createdAt").orderBy("id");
    return (await open.execute()).map(toTokenRecord);
  }

  async change(
    id: string,
    { role, denied }: Parameters<TokenStore["change"]>[1],
  ): Promise<TokenRecord | null> {
    const changed = await this.#db
      .updateTable(TABLE)
      .set((token) => ({
        role: role ?? token.ref("role"),
        denied: denied === undefined ? token.ref("denied") : packDenied(denied),
      }))
      .where("id", "=", id)
      .where("revokedAt", "is", null)
      .returning(RECORD)
      .executeTakeFirst();
    return changed ? toTokenRecord(changed) : null;
  }

  async revoke(id: string): Promise<void> {
    await revokeTokens(this.#db, this.#clock.now(), "id", id);
  }

  async countOpen(createdBy: string, now: number): Promise<number> {
    const { count } = await this.#db
      .selectFrom(TABLE)
      .select((row) => row.fn.countAll<number>().as("count"))
      .where("createdBy", "=", createdBy)
      .where("revokedAt", "is", null)
      .where("expiresAt", ">", now)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async deleteExpired(now: number): Promise<number> {
    const gone = await this.#db
      .deleteFrom(TABLE)
      .where("expiresAt", "<=", now)
      .where((row) => row.or([row("revokedAt", "is", null), row("expiresAt", "<=", now - REVOKED_KEPT_MS)]))
      .executeTakeFirstOrThrow();
    return Number(gone.numDeletedRows);
  }
}

/** One token, or all of a user. The row stays, so that other servers learn that it was revoked. */
export async function revokeTokens(
  db: Kysely<Tables>,
  now: number,
  column: "id" | "createdBy",
  value: string,
): Promise<void> {
  await db
    .updateTable(TABLE)
    .set({ revokedAt: now, sealed: "" })
    .where(column, "=", value)
    .where("revokedAt", "is", null)
    .execute();
}

function toTokenRecord<R extends { readonly denied: string }>({ denied, ...rest }: R) {
  return { ...rest, denied: unpackDenied(denied) };
}
