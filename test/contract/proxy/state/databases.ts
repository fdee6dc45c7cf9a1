import { randomBytes } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type Clock, systemClock } from "../../../../protocol/index.ts";
import { openStores, type Stores } from "../../../../proxy/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
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

  constructor(option: string, dump: () => Promise<string>) {
    this.option = option;
    this.dump = dump;
  }

  /** Opens it as one more server; the harness closes it. */
  async open(masterKey = this.masterKey): Promise<Stores> {
    const stores = await openStores({ database: this.option, masterKey }, this.clock);
    this.#opened.push(stores);
    return stores;
  }

  async close(): Promise<void> {
    for (const stores of this.#opened.splice(0)) await stores.close();
  }
}

/** Runs the same tests on SQLite and on PostgreSQL; `makeDatabase` gives each test a database of its own. */
export function describeDatabases(
  name: string,
  define: (makeDatabase: () => Promise<TestDatabase>) => void,
): void {
  describe(`${name} on SQLite`, () => {
    const cleanup = new CleanupStack();
    afterAll(() => cleanup.close());
    define(async () => {
      const folder = await cleanup.makeFolder();
      return new TestDatabase(`sqlite:${path.join(folder, "postern.db")}`, () => readFolder(folder));
    });
  });
  describe(`${name} on PostgreSQL`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server.stop());
    define(async () => {
      const url = await server.createDatabase();
      return new TestDatabase(url, () => dumpPostgres(url));
    });
  });
}

async function readFolder(folder: string): Promise<string> {
  const files = await readdir(folder);
  const texts = files.map((file) => readFile(path.join(folder, file), "latin1"));
  return (await Promise.all(texts)).join("\n");
}
