import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../../protocol/index.ts";
import { openStores, type Stores } from "../../../../proxy/index.ts";
import { openPostgres } from "../../../../proxy/state/postgres.ts";
import { type PostgresServer, queryPostgres, startPostgres } from "../../../support/postgres.ts";
import { waitFor } from "../../../support/wait-for.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const OURS = "from pg_stat_activity where application_name = 'postern' and datname = current_database()";

test("connections that the server ends come back by themselves", async () => {
  const url = await server.createDatabase();
  const stores = await openStores({ database: url, masterKey: randomBytes(32) }, systemClock);
  try {
    await stores.users.add({ name: "amy", role: "user", passwordHash: "" });
    await queryPostgres(url, `select pg_terminate_backend(pid) ${OURS}`);
    expect(await waitFor("the stores to answer again", () => count(stores))).toBe(1);
  } finally {
    await stores.close();
  }
});

test("a database that hangs fails a request after a while, the next ones at once, and answers again when it can", async () => {
  const url = await server.createDatabase();
  const stores = await openStores({ database: url, masterKey: randomBytes(32) }, systemClock);
  const timed = async (): Promise<number> => {
    const begun = performance.now();
    await expect(stores.users.count()).rejects.toMatchObject({ code: "STATE_UNAVAILABLE" });
    return performance.now() - begun;
  };
  const rows = await queryPostgres(url, `select pid ${OURS}`);
  const backends = rows.map(({ pid }) => Number(pid));
  const stopped = [...backends, await parentOf(backends[0]!)];
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of stopped) process.kill(pid, name);
  };
  signal("SIGSTOP");
  try {
    const first = await timed();
    const next = await Promise.all(Array.from({ length: 20 }, timed));
    expect(Math.max(...next)).toBeLessThan(first / 5);
  } finally {
    signal("SIGCONT");
  }
  expect(await waitFor("the stores to answer again", () => count(stores))).toBe(0);
  await stores.close();
}, 30_000);

async function count(stores: Stores): Promise<number | undefined> {
  return stores.users.count().catch(() => undefined);
}

/** PostgreSQL's main process, which takes new connections. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

test("a connection that breaks inside a transaction fails that transaction alone", async () => {
  const url = await server.createDatabase();
  const db = openPostgres(url, systemClock);
  try {
    const broken = db.transaction().execute(async (trx) => {
      await sql`create table t (n bigint)`.execute(trx);
      await queryPostgres(url, `select pg_terminate_backend(pid) ${OURS}`);
      await waitFor("the end of the connection", async () => {
        const [row] = await queryPostgres(url, `select count(*)::int as n ${OURS}`);
        return row!.n === 0;
      });
      await sql`select 1`.execute(trx);
    });
    await expect(broken).rejects.toThrow();
    const tables = await sql<{
      n: number;
    }>`select count(*) as n from pg_tables where tablename = 't'`.execute(db);
    expect(tables.rows).toEqual([{ n: 0 }]);
  } finally {
    await db.destroy();
  }
});
