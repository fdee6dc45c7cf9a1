import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { toStateError } from "./state-unavailable.ts";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  InsertQueryNode,
  type QueryResult,
  type RootOperationNode,
  SelectQueryNode,
  SqliteAdapter,
  TableNode,
  UpdateQueryNode,
} from "kysely";
import { TurnSlices } from "./turn-slices.ts";

/** How long a statement waits for locks in all, and between two tries. */
const BUSY_LIMIT_MS = 10_000;
const BUSY_PAUSE_MS = 10;

/** SQLite's result code; the bits above these 8 say more. */
const SQLITE_BUSY = 5;

/**
 * SQLite's driver with two connections. The one that writes takes the write lock first and waits for it without
 * blocking the event loop; of this process one at a time does so. What is read outside of a transaction is read by the
 * other, which sees all that is committed and waits for no writer.
 */
export class LockingSqliteDriver implements Driver {
  readonly #writer: DatabaseSync;
  readonly #reader: DatabaseSync | undefined;
  readonly #queue = new WriterQueue();
  readonly #slices = new TurnSlices();

  constructor(writer: DatabaseSync, reader: DatabaseSync | undefined) {
    this.#writer = writer;
    this.#reader = reader;
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<LockingConnection> {
    return Promise.resolve(new LockingConnection(this.#writer, this.#reader, this.#queue, this.#slices));
  }

  async beginTransaction(connection: LockingConnection): Promise<void> {
    await connection.begin("full");
  }

  async commitTransaction(connection: LockingConnection): Promise<void> {
    connection.commit();
  }

  async rollbackTransaction(connection: LockingConnection): Promise<void> {
    connection.releaseWriter();
  }

  async releaseConnection(connection: LockingConnection): Promise<void> {
    connection.releaseWriter();
  }

  /** The writer closes last: SQLite then removes the side files. */
  async destroy(): Promise<void> {
    this.#reader?.close();
    this.#writer.close();
  }
}

class LockingConnection implements DatabaseConnection {
  readonly #writer: DatabaseSync;
  readonly #reader: DatabaseSync | undefined;
  readonly #queue: WriterQueue;
  readonly #slices: TurnSlices;
  /** Set while this connection holds the writer, in a transaction. */
  #release: (() => void) | undefined;

  constructor(
    writer: DatabaseSync,
    reader: DatabaseSync | undefined,
    queue: WriterQueue,
    slices: TurnSlices,
  ) {
    this.#writer = writer;
    this.#reader = reader;
    this.#queue = queue;
    this.#slices = slices;
  }

  async begin(synchronous: "full" | "normal"): Promise<void> {
    const giveUpAt = performance.now() + BUSY_LIMIT_MS;
    this.#release = await this.#queue.acquire();
    try {
      const turn = this.#slices.enter();
      if (turn !== null) await turn;
      await retryWhileBusy(() => {
        this.#slices.run(() => {
          this.#writer.exec(`pragma synchronous = ${synchronous}; begin immediate`);
        });
      }, giveUpAt);
    } catch (error) {
      this.releaseWriter();
      throw toStateError(error);
    }
  }

  commit(): void {
    try {
      this.#slices.run(() => {
        this.#writer.exec("commit");
      });
    } catch (error) {
      throw toStateError(error);
    }
    this.releaseWriter();
  }

  /** Rolls back what was not committed. */
  releaseWriter(): void {
    const release = this.#release;
    if (release === undefined) return;
    this.#release = undefined;
    try {
      if (this.#writer.isOpen && this.#writer.isTransaction) this.#writer.exec("rollback");
    } finally {
      release();
    }
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.#execute<R>(query);
    } catch (error) {
      throw toStateError(error);
    }
  }

  async #execute<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const reader = this.#reader;
    if (this.#release !== undefined) return this.#slices.run(() => runQuery<R>(this.#writer, query));
    if (reader !== undefined && SelectQueryNode.is(query.query)) {
      const turn = this.#slices.enter();
      if (turn !== null) await turn;
      return await retryWhileBusy(() => this.#slices.run(() => runQuery<R>(reader, query)));
    }
    await this.begin(isBookkeeping(query.query) ? "normal" : "full");
    try {
      const result = this.#slices.run(() => runQuery<R>(this.#writer, query));
      this.commit();
      return result;
    } finally {
      this.releaseWriter();
    }
  }

  /** All in one piece: a statement that stays open would keep the others of its connection at what it sees. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

/** Gives the writing connection to one caller at a time, in the order of their requests. */
class WriterQueue {
  #last: Promise<void> = Promise.resolve();

  /** @returns the function that releases it */
  async acquire(): Promise<() => void> {
    const before = this.#last;
    let release = (): void => undefined;
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }
}

function runQuery<R>(database: DatabaseSync, query: CompiledQuery): QueryResult<R> {
  const statement = database.prepare(query.sql);
  const parameters = query.parameters as readonly SQLInputValue[];
  if (statement.columns().length > 0) return { rows: statement.all(...parameters) as R[] };
  const { changes, lastInsertRowid } = statement.run(...parameters);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

/**
 * Whether the query writes the table of open sessions alone. It is committed without waiting for the disk: the audit log
 * has each session durably, and a server that starts closes the sessions that its last run left open. The rows reach the
 * disk with the next durable commit.
 */
function isBookkeeping(query: RootOperationNode): boolean {
  const target = InsertQueryNode.is(query) ? query.into : UpdateQueryNode.is(query) ? query.table : undefined;
  return target !== undefined && TableNode.is(target) && target.table.identifier.name === "sessions";
}

/** SQLite's tables change in transactions too: the migrations of two processes then wait for each other. */
export class LockingSqliteAdapter extends SqliteAdapter {
  /** The driver itself sees to it that one at a time writes. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Tries at least once, and again while another process holds the lock. */
export async function retryWhileBusy<T>(
  attempt: () => T,
  giveUpAt = performance.now() + BUSY_LIMIT_MS,
): Promise<T> {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error;
    }
    await delay(BUSY_PAUSE_MS);
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  return typeof error.errcode === "number" && (error.errcode & 0xff) === SQLITE_BUSY;
}
