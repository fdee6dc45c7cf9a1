import { setTimeout as delay } from "node:timers/promises";
import type Database from "libsql";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
  InsertQueryNode,
  type RootOperationNode,
  SelectQueryNode,
  SqliteAdapter,
  SqliteDriver,
  TableNode,
  UpdateQueryNode,
} from "kysely";

/** How long a write waits for another process's transaction in all, and between two tries. */
const BUSY_LIMIT_MS = 10_000;
const BUSY_PAUSE_MS = 10;

/**
 * SQLite's driver with a write lock that is taken first and waited for without blocking the event loop.
 *
 * A statement that libsql's driver finds busy stays open until it is collected, and holds the next transaction open
 * with it. So no statement but `begin immediate` may meet a lock, and that goes by `exec`, which leaves nothing behind.
 */
export class LockingSqliteDriver extends SqliteDriver {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    super({ database });
    this.#database = database;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new LockingConnection(await super.acquireConnection(), this.#database);
  }

  override async beginTransaction(): Promise<void> {
    await execWithRetry(this.#database, "begin immediate");
  }

  override commitTransaction(): Promise<void> {
    this.#database.exec("commit");
    return Promise.resolve();
  }

  override rollbackTransaction(): Promise<void> {
    this.#database.exec("rollback");
    return Promise.resolve();
  }
}

class LockingConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  readonly #database: Database.Database;

  constructor(connection: DatabaseConnection, database: Database.Database) {
    this.#connection = connection;
    this.#database = database;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#database.inTransaction || SelectQueryNode.is(query.query))
      return await this.#connection.executeQuery<R>(query);
    if (!isBookkeeping(query.query)) return await this.#commit<R>(query);
    this.#database.exec("pragma synchronous = normal");
    try {
      return await this.#commit<R>(query);
    } finally {
      this.#database.exec("pragma synchronous = full");
    }
  }

  async #commit<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await execWithRetry(this.#database, "begin immediate");
    try {
      const result = await this.#connection.executeQuery<R>(query);
      this.#database.exec("commit");
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("rollback");
      throw error;
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

/**
 * Who has a session open. A server that starts closes what an earlier life left, and the audit log has each session
 * durably: these rows need not reach the disk before they count, and a viewer need not wait for it. They do with the
 * next commit that must.
 */
function isBookkeeping(query: RootOperationNode): boolean {
  const target = InsertQueryNode.is(query) ? query.into : UpdateQueryNode.is(query) ? query.table : undefined;
  return target !== undefined && TableNode.is(target) && target.table.identifier.name === "sessions";
}

/** SQLite's tables change in transactions too: the migrations of two processes then wait for each other. */
export class LockingSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Runs a statement without parameters, and again while another process holds the lock. */
export async function execWithRetry(database: Database.Database, statement: string): Promise<void> {
  const giveUpAt = performance.now() + BUSY_LIMIT_MS;
  for (;;) {
    try {
      database.exec(statement);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error;
    }
    await delay(BUSY_PAUSE_MS);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
