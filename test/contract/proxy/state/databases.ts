import { randomBytes } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type Clock, systemClock } from "../../../../protocol/index.ts";
import { openStores, type Stores } from "../../../../proxy/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import {
  createMigratedDatabase,
  emptyDatabase,
  makeMigratedFile,
} from "../../../support/migrated-database.ts";
import { type PostgresServer, dumpPostgres, startPostgres } from "../../../support/postgres.ts";

/** A clock that stands until a test moves it. */
class SettableClock implements Clock {
  time = 1_800_000_000_000;
  now = () => this.time;
  monotonic = () => systemClock.monotonic();
  after = (ms: number, run: () => void) => systemClock.after(ms, run);
}

/** One empty database that several servers may open. */
export class TestDatabase {
  readonly clock = new SettableClock();
  readonly masterKey = randomBytes(32);
  /** The `database` option. */
  readonly option: string;
  /** All that the database has written, as text. */
  readonly dump: () => Promise<string>;
  readonly #opened: Stores[] = [];
  readonly #onClosed: () => Promise<void>;

  constructor(
    option: string,
    dump: () => Promise<string>,
    onClosed: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.option = option;
    this.dump = dump;
    this.#onClosed = onClosed;
  }

  /** Opens it as one more server; the harness closes it. */
  async open(masterKey = this.masterKey): Promise<Stores> {
    const stores = await openStores({ database: this.option, masterKey }, this.clock);
    this.#opened.push(stores);
    return stores;
  }

  async close(): Promise<void> {
    for (const stores of this.#opened.splice(0)) await stores.close();
    await this.#onClosed();
  }
}

/** A database of its own for a test: with this version's tables, or `empty`. */
export type MakeDatabase = (tables?: "empty") => Promise<TestDatabase>;

/** Runs the same tests on SQLite and on PostgreSQL. */
export function describeDatabases(name: string, define: (makeDatabase: MakeDatabase) => void): void {
  describe(`${name} on SQLite`, () => {
    const cleanup = new CleanupStack();
    afterAll(() => cleanup.close());
    define(async (tables) => {
      const folder = await cleanup.makeFolder();
      const file = tables === "empty" ? path.join(folder, "postern.db") : await makeMigratedFile(folder);
      return new TestDatabase(`sqlite:${file}`, () => readFolder(folder));
    });
  });
  describe(`${name} on PostgreSQL`, () => {
    let server: PostgresServer;
    const unused: string[] = [];
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server.stop());
    define(async (tables) => {
      const dump = (url: string) => () => dumpPostgres(url);
      if (tables === "empty") {
        const url = await server.createDatabase();
        return new TestDatabase(url, dump(url));
      }
      const url = unused.pop() ?? (await createMigratedDatabase(server));
      return new TestDatabase(url, dump(url), async () => {
        await emptyDatabase(url);
        unused.push(url);
      });
    });
  });
}

async function readFolder(folder: string): Promise<string> {
  const files = await readdir(folder);
  const texts = files.map((file) => readFile(path.join(folder, file), "latin1"));
  return (await Promise.all(texts)).join("\n");
}
