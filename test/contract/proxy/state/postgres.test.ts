import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../../protocol/index.ts";
import { openStores } from "../../../../proxy/index.ts";
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
    expect(await waitFor("the stores to answer again", () => stores.users.count())).toBe(1);
  } finally {
    await stores.close();
  }
});

test("a connection that breaks inside a transaction fails that transaction alone", async () => {
  const url = await server.createDatabase();
  const db = openPostgres(url);
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
