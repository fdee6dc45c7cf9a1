import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiTokenRecord, Stores, UserRecord } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

describeDatabases("API tokens and command lines that wait", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let anna: UserRecord;
  let now: number;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    now = database.clock.time;
    await stores.users.add({ name: "root", role: "admin", passwordHash: "h" });
    anna = await stores.users.add({ name: "anna", role: "operator", passwordHash: "h" });
  });
  afterEach(() => database.close());

  const makeToken = (id: string, about: Partial<ApiTokenRecord> = {}): ApiTokenRecord => ({
    ...{ id, userId: anna.id, name: "tests", scopes: ["read", "admin"], sources: ["10.0.0.0/8", "::1"] },
    ...{ createdAt: now, expiresAt: now + 100, lastUsedAt: null },
    ...about,
  });
  const wait = (name: string, createdAt = now, most = 10) =>
    stores.deviceLogins.create(
      `h-${name}`,
      `c-${name}`,
      { name, scopes: ["read"], address: "192.0.2.7", userId: null, createdAt, expiresAt: now + 100 },
      most,
    );

  test("a token is found by its hash until it expires, and lists what it was made with", async () => {
    const token = makeToken("one");
    await stores.apiTokens.create("hash-1", token);
    await stores.apiTokens.create("hash-2", makeToken("two", { sources: [], createdAt: now + 1 }));
    expect(await stores.apiTokens.find("hash-1", now + 99)).toEqual(token);
    expect(await stores.apiTokens.find("hash-1", now + 100)).toBeNull();
    expect(await stores.apiTokens.find("one", now)).toBeNull();
    const listed = await stores.apiTokens.listByUser(anna.id, now);
    expect(listed.map(({ id, sources }) => [id, sources])).toEqual([
      ["two", []],
      ["one", ["10.0.0.0/8", "::1"]],
    ]);
    await stores.apiTokens.touch("hash-1", now + 5);
    expect(await stores.apiTokens.find("hash-1", now)).toMatchObject({ lastUsedAt: now + 5 });
    await expect(stores.apiTokens.create("x", makeToken("x", { userId: "nobody" }))).rejects.toMatchObject({
      code: "USER_UNKNOWN",
    });
    expect(await stores.apiTokens.deleteExpired(now + 100)).toBe(2);
  });

  test("only its own account removes it", async () => {
    await stores.apiTokens.create("hash-1", makeToken("one"));
    expect(await stores.apiTokens.removeById("somebody", "one")).toBe(false);
    expect(await stores.apiTokens.removeById(anna.id, "one")).toBe(true);
    expect(await stores.apiTokens.removeById(anna.id, "one")).toBe(false);
  });

  test.each([
    ["its account is disabled", () => stores.users.disable(anna.id)],
    ["its account may do less", () => stores.users.setRole(anna.id, "user")],
    ["its account may do more", () => stores.users.setRole(anna.id, "admin")],
    ["its account is removed", () => stores.users.remove(anna.id)],
  ])("a token ends when %s, and so does one that was confirmed and not fetched", async (_what, end) => {
    await stores.apiTokens.create("hash-1", makeToken("one"));
    await wait("laptop");
    await stores.deviceLogins.confirm("c-laptop", anna.id, ["read"], now);
    expect(await stores.apiTokens.filterOpen(["hash-1", "none"], now)).toEqual(new Set(["hash-1"]));
    await end();
    expect(await stores.apiTokens.find("hash-1", now)).toBeNull();
    expect(await stores.apiTokens.filterOpen(["hash-1"], now)).toEqual(new Set());
    expect(await stores.deviceLogins.take("h-laptop", now)).toBeNull();
  });

  test("a new password leaves API tokens as they are", async () => {
    await stores.apiTokens.create("hash-1", makeToken("one"));
    await stores.users.setPassword(anna.id, "other");
    expect(await stores.apiTokens.find("hash-1", now)).not.toBeNull();
  });

  test("a session that was opened by a token ends with the token", async () => {
    await stores.apiTokens.create("hash-1", makeToken("one"));
    await stores.agents.add({ id: "agent-1", name: "host", kind: "agent", publicKey: "k" });
    const desktop = await stores.desktops.publish("agent-1", "lab", null);
    await stores.sessions.open({
      id: "s1",
      desktopId: desktop.id,
      desktopName: "lab",
      agentId: "agent-1",
      serverId: "server-1",
      method: "ticket",
      transport: "websocket",
      role: "control",
      subject: anna.id,
      sourceAddress: "192.0.2.7",
      startedAt: now,
      loginHash: "hash-1",
    });
    expect(await stores.sessions.listValidity("server-1")).toMatchObject([{ loginEnded: false }]);
    await stores.apiTokens.removeById(anna.id, "one");
    expect(await stores.sessions.listValidity("server-1")).toMatchObject([{ loginEnded: true }]);
  });

  test("of many who confirm or fetch at once one does", async () => {
    await wait("laptop");
    expect(await stores.deviceLogins.take("h-laptop", now)).toBe("waiting");
    expect(await stores.deviceLogins.findByCode("c-laptop", now)).toMatchObject({
      name: "laptop",
      userId: null,
    });
    const other = await database.open();
    const confirmed = await Promise.all(
      [stores, other, stores, other].map((one) =>
        one.deviceLogins.confirm("c-laptop", anna.id, ["read"], now),
      ),
    );
    expect(confirmed.filter(Boolean)).toHaveLength(1);
    expect(await stores.deviceLogins.findByCode("c-laptop", now)).toBeNull();
    const taken = await Promise.all(
      [stores, other, stores, other].map((one) => one.deviceLogins.take("h-laptop", now)),
    );
    expect(taken.filter((one) => one !== null)).toMatchObject([{ userId: anna.id, scopes: ["read"] }]);
  });

  test("one that was refused, or has waited too long, is gone", async () => {
    await wait("laptop");
    expect(await stores.deviceLogins.refuse("c-laptop")).toBe(true);
    expect(await stores.deviceLogins.refuse("c-laptop")).toBe(false);
    expect(await stores.deviceLogins.take("h-laptop", now)).toBeNull();
    await wait("desk");
    expect(await stores.deviceLogins.confirm("c-desk", anna.id, ["read"], now + 100)).toBe(false);
    expect(await stores.deviceLogins.take("h-desk", now + 100)).toBeNull();
    expect(await stores.deviceLogins.deleteExpired(now + 100)).toBe(1);
  });

  test("where too many wait, the one that has waited longest goes; one that was confirmed stays", async () => {
    await wait("confirmed", now, 3);
    await stores.deviceLogins.confirm("c-confirmed", anna.id, ["read"], now);
    await wait("old", now + 1, 3);
    await wait("new", now + 2, 3);
    await wait("newest", now + 3, 3);
    const waiting = await Promise.all(
      ["confirmed", "old", "new", "newest"].map((name) => stores.deviceLogins.take(`h-${name}`, now)),
    );
    expect(waiting).toMatchObject(
      [{ name: "confirmed" }, null, "waiting", "waiting"].map((one) => one ?? null),
    );
  });

  test("a service account is no administrator who can sign in", async () => {
    const { id } = (await stores.users.findByName("root"))!;
    const bot = await stores.users.add({ name: "bot", role: "admin", passwordHash: "", provider: "service" });
    await expect(stores.users.disable(id)).rejects.toMatchObject({ code: "LAST_ADMIN" });
    await stores.users.remove(bot.id);
    expect(await stores.users.findOldestAdmin()).toMatchObject({ id });
  });
});
