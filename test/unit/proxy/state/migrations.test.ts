import path from "node:path";
import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { Migrator } from "kysely/migration";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../../protocol/index.ts";
import { openStores } from "../../../../proxy/index.ts";
import { migrations } from "../../../../proxy/state/migrations/index.ts";
import { openSqlite } from "../../../../proxy/state/sqlite.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test("agents of before roles were fixed keep theirs, hosts are let in, and desktops age from their agent's last sign", async () => {
  const file = path.join(await cleanup.makeFolder(), "postern.db");
  const db = await openSqlite(file);
  const before = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < "0008"));
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(before) } });
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
  for (const [id, kind] of [
    ["a", "agent"],
    ["h", "host"],
    ["m", "mip1"],
  ])
    await sql`insert into agents (id, name, kind, public_key, created_at, last_seen_at, epoch)
      values (${id}, ${id}, ${kind}, ${id}, 7, 900, 0)`.execute(db);
  await sql`insert into desktops (id, agent_id, name, state, created_at, last_seen_at)
    values ('d', 'a', 'd', 'offline', 1, 1), ('e', 'a', 'e', 'offline', 1, 950)`.execute(db);
  await sql`insert into join_secrets (hash, expires_at) values ('hash', 1000)`.execute(db);
  await db.destroy();

  const stores = await openStores({ database: `sqlite:${file}`, masterKey: randomBytes(32) }, systemClock);
  cleanup.add({ stop: () => stores.close() });
  const agents = (await stores.agents.list()).map(({ id, kind, admittedAt }) => [id, kind, admittedAt]);
  expect(agents.sort()).toEqual([
    ["a", "agent", null],
    ["h", "host", 7],
    ["m", "mip1", null],
  ]);
  expect((await stores.desktops.list()).map(({ lastSeenAt }) => lastSeenAt).sort()).toEqual([900, 950]);
  expect(await stores.joinSecrets.take("hash", "host", 1)).toEqual({ kind: "otherRole" });
  expect(await stores.joinSecrets.take("hash", "agent", 1)).toEqual({ kind: "granted", admit: false });
});
