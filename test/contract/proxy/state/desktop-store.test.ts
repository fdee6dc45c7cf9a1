import { afterEach, beforeEach, expect, test } from "vitest";
import type { Stores } from "../../../../proxy/index.ts";
import { readOpenTokens } from "../../../support/open-tokens.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

describeDatabases("desktops", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    await stores.agents.add({ id: "a1", name: "mill", kind: "agent", publicKey: "" });
    await stores.agents.add({ id: "a2", name: "lock", kind: "agent", publicKey: "" });
  });
  afterEach(() => database.close());

  const choices = async (name: string) =>
    (await stores.desktops.findByName(name)).map(({ agentName, name }) => `${agentName}/${name}`);

  test("are created once, and found again when they are published again", async () => {
    const first = await stores.desktops.publish("a1", "desk", null);
    expect(first).toEqual({
      id: first.id,
      agentId: "a1",
      name: "desk",
      machineId: null,
      state: "online",
      createdAt: database.clock.time,
      lastSeenAt: database.clock.time,
    });
    database.clock.time += 10;
    await stores.desktops.withdraw("a1", "desk");
    expect(await stores.desktops.find(first.id)).toEqual({
      ...first,
      state: "offline",
      lastSeenAt: first.createdAt + 10,
      agentName: "mill",
    });
    database.clock.time += 10;
    const again = await stores.desktops.publish("a1", "desk", null);
    expect(again).toEqual({ ...first, lastSeenAt: first.createdAt + 20 });
    expect(await stores.desktops.list()).toEqual([{ ...again, agentName: "mill" }]);
  });

  test("are one even when two servers publish them at once", async () => {
    const other = await database.open();
    const published = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? stores : other).desktops.publish("a1", "desk", "m1"),
      ),
    );
    expect(new Set(published.map(({ id }) => id)).size).toBe(1);
  });

  test("of another machine are other desktops, that old tokens and tickets do not reach", async () => {
    const old = await stores.desktops.publish("a1", "desk", "m1");
    const expiresAt = database.clock.time + 1_000;
    const right = { desktopId: old.id, role: "control", createdBy: "u", expiresAt } as const;
    await stores.tokens.create({ ...right, token: "abcd2345" });
    await stores.tickets.create("hash", right);
    const fresh = await stores.desktops.publish("a1", "desk", "m2");
    expect(fresh.id).not.toBe(old.id);
    expect(fresh.machineId).toBe("m2");
    expect(await stores.desktops.find(old.id)).toBeNull();
    expect(await readOpenTokens(stores.tokens, 0)).toEqual([]);
    expect(await stores.tickets.take("hash", database.clock.time)).toBeNull();
    expect((await stores.desktops.publish("a1", "desk", null)).id).not.toBe(fresh.id);
  });

  test("need an agent", async () => {
    await expect(stores.desktops.publish("a3", "desk", null)).rejects.toMatchObject({
      code: "AGENT_UNKNOWN",
    });
  });

  test("are found by name, and by the agent's name or id before a slash", async () => {
    await stores.desktops.publish("a1", "desk", null);
    database.clock.time += 1;
    await stores.desktops.publish("a2", "desk", null);
    await stores.desktops.publish("a2", "Büro 2", null);
    expect(await choices("desk")).toEqual(["mill/desk", "lock/desk"]);
    expect(await choices("mill/desk")).toEqual(["mill/desk"]);
    expect(await choices("a2/desk")).toEqual(["lock/desk"]);
    expect(await choices("Büro 2")).toEqual(["lock/Büro 2"]);
    expect(await choices("Desk")).toEqual([]);
    expect(await choices("mill/Büro 2")).toEqual([]);
    expect(await choices("/desk")).toEqual([]);
    expect(await choices("")).toEqual([]);
    expect(await choices("' or 1=1 --")).toEqual([]);
  });

  test("stay ambiguous when two agents share a name, until the id is given", async () => {
    await stores.agents.add({ id: "a3", name: "mill", kind: "agent", publicKey: "" });
    await stores.agents.add({ id: "a4", name: "east/mill", kind: "agent", publicKey: "" });
    for (const agent of ["a1", "a3", "a4"]) {
      database.clock.time += 1;
      await stores.desktops.publish(agent, "desk", null);
    }
    expect(await choices("mill/desk")).toEqual(["mill/desk", "mill/desk"]);
    expect((await stores.desktops.findByName("a3/desk")).map(({ agentId }) => agentId)).toEqual(["a3"]);
    expect(await choices("east/mill/desk")).toEqual(["east/mill/desk"]);
  });

  test("go for good with their tokens and tickets, and leave the others'", async () => {
    const gone = await stores.desktops.publish("a1", "gone", null);
    const kept = await stores.desktops.publish("a1", "kept", null);
    const expiresAt = database.clock.time + 1_000;
    for (const { id: desktopId, name } of [gone, kept]) {
      const right = { desktopId, role: "view", createdBy: "u", expiresAt } as const;
      await stores.tokens.create({ ...right, token: "abcd2345" });
      await stores.tickets.create(name, right);
    }
    await stores.desktops.remove(gone.id);
    expect(await stores.desktops.find(gone.id)).toBeNull();
    expect((await stores.tokens.list()).map(({ desktopId }) => desktopId)).toEqual([kept.id]);
    expect(await stores.tickets.take("gone", database.clock.time)).toBeNull();
    expect(await stores.tickets.take("kept", database.clock.time)).not.toBeNull();
  });

  test("of one agent are as many as are allowed, offline ones included; those that are known always may", async () => {
    const publish = (name: string, agentId = "a1") => stores.desktops.publish(agentId, name, null, 2);
    const first = await publish("one");
    await publish("two");
    await stores.desktops.withdraw("a1", "two");
    await expect(publish("three")).rejects.toMatchObject({ code: "DESKTOP_LIMIT" });
    expect(await publish("one")).toMatchObject({ id: first.id });
    expect(await publish("two")).toMatchObject({ state: "online" });
    expect(await publish("three", "a2")).toMatchObject({ state: "online" });
    await stores.desktops.remove(first.id);
    expect(await publish("three")).toMatchObject({ state: "online" });
  });

  test("are forgotten when they are offline for long, unless a token or a number still opens them", async () => {
    const { clock } = database;
    for (const name of ["online", "plain", "token", "old token", "number", "young"])
      await stores.desktops.publish("a1", name, null);
    const idOf = async (name: string) => (await stores.desktops.findByName(name))[0]!.id;
    const token = { role: "view", createdBy: "u" } as const;
    const soon = clock.time + 10;
    const late = clock.time + 10_000;
    await stores.tokens.create({
      ...token,
      desktopId: await idOf("token"),
      token: "abcd2345",
      expiresAt: late,
    });
    await stores.tokens.create({
      ...token,
      desktopId: await idOf("old token"),
      token: "abcd2346",
      expiresAt: soon,
    });
    await stores.repeaterIds.create("hash", await idOf("number"), late);
    for (const name of ["plain", "token", "old token", "number"]) await stores.desktops.withdraw("a1", name);
    clock.time += 1_000;
    await stores.desktops.withdraw("a1", "young");
    expect(await stores.desktops.forget(clock.time, { now: clock.time, limit: 9 })).toHaveLength(2);
    const names = (await stores.desktops.list()).map(({ name }) => name).sort();
    expect(names).toEqual(["number", "online", "token", "young"]);
  });

  test("go offline with their agent, and count from then on as unseen", async () => {
    const { clock } = database;
    const epoch = await stores.agents.claim("a1", "s", "agent");
    const { id } = await stores.desktops.publish("a1", "desk", null);
    clock.time += 5_000;
    await stores.agents.release("a1", epoch);
    expect(await stores.desktops.forget(clock.time, { now: clock.time, limit: 9 })).toEqual([]);
    expect(await stores.desktops.find(id)).toMatchObject({ state: "offline", lastSeenAt: clock.time });
  });

  test("are read by ids, by agent and by machines", async () => {
    const one = await stores.desktops.publish("a1", "one", "m1");
    const two = await stores.desktops.publish("a2", "two", "m1");
    await stores.desktops.publish("a2", "three", null);
    const ids = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id);
    expect(ids(await stores.desktops.findMany([two.id, two.id, "unknown"]))).toEqual([two.id]);
    expect(await stores.desktops.findMany([])).toEqual([]);
    expect(ids(await stores.desktops.listByAgent("a1"))).toEqual([one.id]);
    expect(ids(await stores.desktops.listByMachines(["m1", "m2"])).sort()).toEqual([one.id, two.id].sort());
    const many = Array.from({ length: 1_200 }, (_, index) => `unknown-${index}`);
    expect(ids(await stores.desktops.findMany([...many, one.id]))).toEqual([one.id]);
  });

  test("of two agents one of which is called as the other one's id, the id counts", async () => {
    await stores.agents.add({ id: "a5", name: "a1", kind: "agent", publicKey: "" });
    const meant = await stores.desktops.publish("a1", "desk", null);
    await stores.desktops.publish("a5", "desk", null);
    expect((await stores.desktops.findByName("a1/desk")).map(({ id }) => id)).toEqual([meant.id]);
  });

  test("one that is published is not removed as gone", async () => {
    const { id } = await stores.desktops.publish("a1", "desk", null);
    expect(await stores.desktops.removeOffline(id)).toBe(false);
    await stores.desktops.withdraw("a1", "desk");
    expect(await stores.desktops.removeOffline(id)).toBe(true);
    expect(await stores.desktops.removeOffline(id)).toBe(false);
  });

  test("those that are gone for long are forgotten, unless something leads to them", async () => {
    const { clock } = database;
    const epoch = await stores.agents.claim("a1", "s1", "agent");
    const ids = new Map<string, string>();
    for (const name of ["gone", "token", "revoked", "number"])
      ids.set(name, (await stores.desktops.publish("a1", name, null)).id);
    await stores.desktops.publish("a2", "online", null);
    clock.time += 100;
    // Published long ago, and here until now.
    await stores.agents.release("a1", epoch);
    const left = clock.time;
    const expiresAt = left + 1_000;
    const right = { role: "view", createdBy: "u", expiresAt } as const;
    await stores.tokens.create({ ...right, desktopId: ids.get("token")!, token: "abcd2345" });
    const token = await stores.tokens.create({ ...right, desktopId: ids.get("revoked")!, token: "wxyz6789" });
    await stores.tokens.revoke(token.id);
    await stores.repeaterIds.create("hash", ids.get("number")!, expiresAt);
    const forget = (before: number, now: number, limit = 9) => stores.desktops.forget(before, { now, limit });
    expect(await forget(left, left)).toEqual([]);
    expect(await forget(left + 1, left, 1)).toHaveLength(1);
    expect(await forget(left + 1, left)).toHaveLength(1);
    expect((await stores.desktops.list()).map(({ name }) => name).sort()).toEqual([
      "number",
      "online",
      "token",
    ]);
    expect((await forget(left + 1, expiresAt + 1)).map(({ name }) => name).sort()).toEqual([
      "number",
      "token",
    ]);
  });
});
