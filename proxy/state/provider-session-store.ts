import type { Kysely } from "kysely";
import type { ProviderSessionRecord } from "./state-records.ts";
import type { EndedLogin, EndedSession, ProviderSessionStore } from "./account-stores.ts";
import type { Tables } from "./tables.ts";
import type { Sealer } from "./sealer.ts";
import { inBatches } from "./in-batches.ts";

const TABLE = "providerSessions";

export class SqlProviderSessionStore implements ProviderSessionStore {
  readonly #db: Kysely<Tables>;
  readonly #sealer: Sealer;

  constructor(db: Kysely<Tables>, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async create(loginHash: string, { provider, session, hint }: ProviderSessionRecord): Promise<void> {
    const sealed = hint === null ? null : this.#sealer.seal(TABLE, loginHash, hint);
    await this.#db.insertInto(TABLE).values({ loginHash, provider, session, sealed }).execute();
  }

  async find(loginHash: string): Promise<ProviderSessionRecord | null> {
    const row = await this.#db
      .selectFrom(TABLE)
      .select(["provider", "session", "sealed"])
      .where("loginHash", "=", loginHash)
      .executeTakeFirst();
    if (row === undefined) return null;
    const { provider, session, sealed } = row;
    return {
      provider,
      session,
      hint: sealed === null ? null : this.#sealer.unseal(TABLE, loginHash, sealed),
    };
  }

  async endLogins({ provider, userId, session }: EndedSession): Promise<EndedLogin[]> {
    const joined = this.#db
      .selectFrom("logins")
      .leftJoin(TABLE, "providerSessions.loginHash", "logins.hash")
      .select("logins.hash");
    const meant =
      userId === null
        ? joined
            .where("providerSessions.provider", "=", provider)
            .where("providerSessions.session", "=", session)
        : joined.where("logins.userId", "=", userId);
    const found = await meant
      .$if(userId !== null && session !== null, (query) =>
        query.where(({ or, eb }) =>
          or([eb("providerSessions.session", "is", null), eb("providerSessions.session", "=", session)]),
        ),
      )
      .execute();
    const hashes = found.map(({ hash }) => hash);
    return inBatches(hashes, (batch) =>
      this.#db.deleteFrom("logins").where("hash", "in", batch).returning(["hash", "userId"]).execute(),
    );
  }
}
