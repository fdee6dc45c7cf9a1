import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../../protocol/index.ts";
import { openStores } from "../../../../proxy/state/open-stores.ts";
import { openSqlite } from "../../../../proxy/state/sqlite.ts";
import { TurnSlices } from "../../../../proxy/state/turn-slices.ts";
import type { Stores } from "../../../../proxy/state/stores.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

let cleanup: CleanupStack;
let file: string;
beforeEach(async () => {
  cleanup = new CleanupStack();
  file = path.join(await cleanup.makeFolder(), "postern.db");
});
afterEach(() => cleanup.close());

async function open(database = `sqlite:${file}`): Promise<Stores> {
  const stores = await openStores({ database, masterKey: randomBytes(32) }, systemClock);
  cleanup.add({ stop: () => stores.close() });
  return stores;
}

test("the database and its side files are their owner's alone", async () => {
  await open();
  for (const suffix of ["", "-wal", "-shm"]) expect((await stat(file + suffix)).mode & 0o777).toBe(0o600);
});

test("a write waits for another process's transaction while the event loop goes on", async () => {
  const stores = await open();
  const foreign = new DatabaseSync(file);
  foreign.exec("begin immediate");
  const writing = stores.users.add({ name: "amy", role: "user", passwordHash: "" });
  let turns = 0;
  const turn = () => {
    turns += 1;
    if (turns < 5) setImmediate(turn);
    else foreign.exec("commit");
  };
  setImmediate(turn);
  await writing;
  expect(turns).toBe(5);
  // A lock that was met must leave no transaction open behind it.
  foreign.exec("begin immediate; delete from users; commit");
  expect(await stores.users.count()).toBe(0);
  await stores.users.add({ name: "amy", role: "user", passwordHash: "" });
  foreign.exec("begin immediate; commit");
  foreign.close();
});

test("a read waits neither for another process's transaction nor behind a write that does", async () => {
  const stores = await open();
  await stores.users.add({ name: "amy", role: "user", passwordHash: "" });
  const foreign = new DatabaseSync(file);
  foreign.exec("begin immediate; delete from users");
  let written = false;
  const writing = stores.users.add({ name: "ben", role: "user", passwordHash: "" }).then(() => {
    written = true;
  });
  expect(await stores.users.count()).toBe(1);
  expect(written).toBe(false);
  foreign.exec("rollback");
  await writing;
  expect(await stores.users.count()).toBe(2);
  foreign.close();
});

test("a read sees nothing of a transaction that is open, and all of it at once after", async () => {
  const stores = await open();
  const db = await openSqlite(file);
  const secret = { hash: "a", expiresAt: 2 ** 53 - 1, role: "agent", admit: 0 } as const;
  await db.transaction().execute(async (trx) => {
    await trx.insertInto("joinSecrets").values(secret).execute();
    expect(await trx.selectFrom("joinSecrets").selectAll().execute()).toHaveLength(1);
    expect(await db.selectFrom("joinSecrets").selectAll().execute()).toEqual([]);
  });
  expect(await db.selectFrom("joinSecrets").selectAll().execute()).toEqual([secret]);
  expect(await stores.joinSecrets.take("a", "agent", 0)).toMatchObject({ kind: "granted" });
  await db.destroy();
});

test("a write that still waits when the database is closed is refused", async () => {
  const stores = await open();
  const foreign = new DatabaseSync(file);
  foreign.exec("begin immediate");
  const writes = ["amy", "ben"].map((name) => stores.users.add({ name, role: "user", passwordHash: "" }));
  const settled = Promise.allSettled(writes);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await stores.close();
  expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  foreign.close();
});

test("a refused insert leaves no transaction open behind it", async () => {
  const stores = await open();
  await stores.users.add({ name: "amy", role: "user", passwordHash: "" });
  await expect(stores.users.add({ name: "amy", role: "user", passwordHash: "" })).rejects.toThrow();
  await expect(stores.desktops.publish("nobody", "desk", null)).rejects.toThrow();
  const foreign = new DatabaseSync(file);
  foreign.exec("begin immediate; delete from users; commit");
  foreign.close();
  expect(await stores.users.count()).toBe(0);
});

test("a database that is full refuses in the way that passes, and reads go on", async () => {
  const stores = await open();
  await stores.users.add({ name: "amy", role: "user", passwordHash: "" });
  const db = await openSqlite(file);
  await sql`pragma max_page_count = 1`.execute(db);
  const expiresAt = 2 ** 40;
  const filling = (async () => {
    for (let n = 0; ; n += 1)
      await db
        .insertInto("joinSecrets")
        .values({ hash: `${n} ${"x".repeat(5_000)}`, expiresAt, role: "agent", admit: 0 })
        .execute();
  })();
  await expect(filling).rejects.toMatchObject({ code: "STATE_UNAVAILABLE" });
  expect(await db.selectFrom("users").select("name").execute()).toEqual([{ name: "amy" }]);
  await db.destroy();
});

test("a database in memory works too", async () => {
  const stores = await open("sqlite::memory:");
  await stores.users.add({ name: "amy", role: "user", passwordHash: "" });
  expect(await stores.users.count()).toBe(1);
});

test.each(["", "sqlite:", "mysql://x/y", "/var/lib/postern.db"])(
  "the option %j is refused",
  async (option) => {
    await expect(open(option)).rejects.toMatchObject({ code: "DATABASE_OPTION" });
  },
);

test("a file that cannot be a database is refused", async () => {
  await expect(open(`sqlite:${path.join(file, "none", "x.db")}`)).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
  });
});

test("a database server that is not there is refused, and its URL is not shown", async () => {
  const url = `postgres://someone:hunter2@localhost/x?host=${encodeURIComponent(path.dirname(file))}`;
  const refused = open(url);
  await expect(refused).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE" });
  await expect(refused).rejects.not.toThrow(/hunter2/);
});

test("a chain of reads and writes lets the event loop turn, however long it is", async () => {
  const stores = await open();
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  for (let index = 0; index < 10; index += 1) {
    await stores.users.add({ name: `user-${index}`, role: "user", passwordHash: "" });
    for (let reads = 0; reads < 200; reads += 1) await stores.users.count();
  }
  going = false;
  expect(turns).toBeGreaterThan(3);
});

test("statements that begin together are spread over turns, in their order", async () => {
  const slices = new TurnSlices();
  const done: number[] = [];
  const turnOf: number[] = [];
  let turn = 0;
  const count = () => {
    turn += 1;
    if (done.length < 8) setImmediate(count);
  };
  setImmediate(count);
  const work = async (index: number) => {
    const wait = slices.enter();
    if (wait !== null) await wait;
    slices.run(() => {
      const end = performance.now() + 5;
      while (performance.now() < end);
      done.push(index);
      turnOf.push(turn);
    });
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => work(index)));
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(turnOf).size).toBeGreaterThanOrEqual(7);
});
