import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { OpenToken, TokenRecord } from "./records.ts";
import type { TokenStore } from "./stores.ts";
import type { Tables } from "./schema.ts";
import type { Sealer } from "./seal.ts";
import { refuseIf } from "./constraint.ts";

const TABLE = "tokens";
const RECORD = ["id", "desktopId", "role", "createdBy", "createdAt", "expiresAt"] as const;

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
      createdBy: token.createdBy,
      createdAt: this.#clock.now(),
      expiresAt: token.expiresAt,
    };
    const sealed = this.#sealer.seal(TABLE, record.id, token.token);
    await refuseIf("reference", "DESKTOP_UNKNOWN", "The desktop is unknown.", () =>
      this.#db
        .insertInto(TABLE)
        .values({ ...record, sealed })
        .execute(),
    );
    return record;
  }

  async listOpen(now: number): Promise<OpenToken[]> {
    const rows = await this.#db
      .selectFrom(TABLE)
      .select([...RECORD, "sealed"])
      .where("expiresAt", ">", now)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
    return rows.flatMap(({ sealed, ...record }) => {
      const token = this.#sealer.unseal(TABLE, record.id, sealed);
      // An altered row admits nobody, and must not keep the others out.
      return token === null ? [] : [{ ...record, token }];
    });
  }

  list(desktopId?: string): Promise<TokenRecord[]> {
    const all = this.#db.selectFrom(TABLE).select(RECORD).orderBy("createdAt").orderBy("id");
    return (desktopId === undefined ? all : all.where("desktopId", "=", desktopId)).execute();
  }

  async revoke(id: string): Promise<void> {
    await this.#db.deleteFrom(TABLE).where("id", "=", id).execute();
  }

  async deleteExpired(now: number): Promise<number> {
    const gone = await this.#db.deleteFrom(TABLE).where("expiresAt", "<=", now).executeTakeFirstOrThrow();
    return Number(gone.numDeletedRows);
  }
}
