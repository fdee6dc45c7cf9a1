import pg from "pg";
import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import {
  isConnectionFault,
  isSilence,
  isUnavailable,
  stateUnavailable,
  toStateError,
} from "./state-unavailable.ts";
import type { Tables } from "./tables.ts";

const MAX_CONNECTIONS = 10;
/** Changes of tables, and the wait for another server that makes them. */
const MIGRATION_QUERY_MS = 60_000;

/** Times are 64-bit in the database and far below 2^53: numbers, for this pool alone. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8
      ? Number
      : pg.types.getTypeParser(oid, format as "text")) as pg.CustomTypesConfig["getTypeParser"],
};

/** Connects to a shared database; connections are opened on demand and restored automatically. */
export function openPostgres(url: string, clock: Clock): Kysely<Tables> {
  return openKysely(new GuardedPool(openPool(url, PROXY_LIMITS.stateQueryMs), clock));
}

/** The same database, for changes of its tables, which may take longer. The caller destroys it. */
export function openPostgresForMigration(url: string): Kysely<Tables> {
  return openKysely(openPool(url, MIGRATION_QUERY_MS));
}

function openPool(url: string, queryTimeoutMs: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: "postern",
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: PROXY_LIMITS.stateConnectMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    types,
  });
  // A connection that breaks is dropped by the pool; its query, or the next one on it, gets the error. The event of one
  // that breaks between two queries of a transaction would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

function openKysely(pool: PostgresPool): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin()],
  });
}

/** The pool, with errors as callers get them and without waits for a database that does not answer. */
class GuardedPool implements PostgresPool {
  readonly options: object;
  readonly #pool: pg.Pool;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;

  constructor(pool: pg.Pool, clock: Clock) {
    this.options = pool.options;
    this.#pool = pool;
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(clock);
  }

  async connect(): Promise<PostgresPoolClient> {
    if (!this.#breaker.allows())
      throw stateUnavailable(new Error("the database did not answer a moment ago"));
    const begunAt = this.#clock.monotonic();
    try {
      const client = new GuardedClient(await this.#pool.connect(), this.#breaker, this.#clock);
      // A cast: cursors, which are not used here, are not passed on.
      return client as unknown as PostgresPoolClient;
    } catch (error) {
      if (isUnavailable(error)) this.#breaker.fail(begunAt);
      else this.#breaker.abandon();
      throw toStateError(error);
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** One connection of the pool while it is in use. */
class GuardedClient {
  readonly #client: pg.PoolClient;
  readonly #breaker: CircuitBreaker;
  readonly #clock: Clock;
  /** Its connection failed: nothing more is sent on it, and the pool drops it. */
  #broken: unknown = null;
  #asked = false;

  constructor(client: pg.PoolClient, breaker: CircuitBreaker, clock: Clock) {
    this.#client = client;
    this.#breaker = breaker;
    this.#clock = clock;
  }

  async query(statement: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult> {
    if (this.#broken !== null) throw stateUnavailable(this.#broken);
    this.#asked = true;
    const begunAt = this.#clock.monotonic();
    try {
      const result = await this.#client.query(statement, [...parameters]);
      this.#breaker.succeed();
      return result;
    } catch (error) {
      if (isConnectionFault(error)) this.#broken = error;
      if (isSilence(error)) this.#breaker.fail(begunAt);
      // Another connection may be as good as ever: only a new one tells.
      else if (this.#broken !== null) this.#breaker.abandon();
      else this.#breaker.succeed();
      throw toStateError(error);
    }
  }

  release(): void {
    if (!this.#asked) this.#breaker.abandon();
    this.#client.release(this.#broken !== null);
  }
}
