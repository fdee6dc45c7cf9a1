import { afterEach, beforeEach, expect, test } from "vitest";
import type { InvitationRecord, Stores, UserRecord } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

describeDatabases("invitations, and people who ask for an account", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let other: Stores;
  let root: UserRecord;
  let now: number;
  let terms: { now: number; makers: readonly ["admin"] };
  beforeEach(async () => {
    database = await makeDatabase();
    [stores, other] = [await database.open(), await database.open()];
    now = database.clock.time;
    terms = { now, makers: ["admin"] };
    await stores.users.add({ name: "first", role: "admin", passwordHash: "h" });
    root = await stores.users.add({ name: "root", role: "admin", passwordHash: "h" });
  });
  afterEach(() => database.close());

  const invite = async (id: string, about: Partial<InvitationRecord> = {}, most = 10) => {
    const invitation: InvitationRecord = {
      ...{ id, role: "operator", groupIds: [], name: null, email: "nina@example.org", createdBy: root.id },
      ...{ createdAt: now, expiresAt: now + 100, ...about },
    };
    await stores.invitations.create(`h-${id}`, invitation, most);
    return invitation;
  };
  const account = (name: string) => ({ id: `id-${name}`, name, passwordHash: `p-${name}` });

  test("one is found by its hash until it expires", async () => {
    const made = await invite("one", { groupIds: ["g-1", "g-2"], name: "nina" });
    await invite("two", { createdAt: now + 1, createdBy: null });
    expect(await stores.invitations.find("h-one", terms)).toEqual(made);
    expect(await stores.invitations.find("h-one", { ...terms, now: now + 100 })).toBeNull();
    expect(await stores.invitations.find("one", terms)).toBeNull();
    expect((await stores.invitations.list(now)).map(({ id }) => id)).toEqual(["two", "one"]);
    expect(await stores.invitations.remove("one", now + 100)).toBeNull();
    expect(await stores.invitations.remove("one", now)).toEqual(made);
    expect(await stores.invitations.remove("one", now)).toBeNull();
    expect(await stores.invitations.deleteExpired(now + 100)).toBe(1);
  });

  test("there are so many at once, and each has a maker that is there", async () => {
    await invite("one", {}, 1);
    await expect(invite("two", {}, 1)).rejects.toMatchObject({ code: "LIMIT_INVITATIONS" });
    await expect(invite("two", { createdBy: "nobody" })).rejects.toMatchObject({ code: "USER_UNKNOWN" });
  });

  test("of many that use it at once, on two servers, one gets the account", async () => {
    const group = await stores.groups.add({ name: "lab" });
    const theirs = await stores.groups.add({ name: "campus", source: "ldap" });
    await invite("one", { groupIds: [group.id, "gone", theirs.id] });
    const names = ["a", "b", "c", "d", "e", "f"];
    const made = await Promise.all(
      names.map((name, index) =>
        (index % 2 === 0 ? stores : other).invitations.redeem("h-one", account(name), terms),
      ),
    );
    const [user, ...others] = made.filter((one) => one !== null);
    expect(others).toEqual([]);
    expect(user).toMatchObject({ role: "operator", provider: "local", email: "nina@example.org" });
    expect(user).toEqual(await other.users.find(user?.id ?? ""));
    expect(user?.passwordHash).toBe(`p-${user?.name ?? ""}`);
    expect(await stores.users.count()).toBe(3);
    expect(await stores.groups.listMembers(group.id, { limit: 9 })).toEqual([
      { id: user?.id, name: user?.name },
    ]);
    expect(await stores.groups.countMembers(theirs.id)).toBe(0);
    expect(await stores.invitations.list(now)).toEqual([]);
  });

  test("a name that is taken leaves it as it is", async () => {
    await invite("one");
    await expect(stores.invitations.redeem("h-one", account("ROOT"), terms)).rejects.toMatchObject({
      code: "USER_EXISTS",
    });
    expect(
      await stores.invitations.redeem("h-one", account("nina"), { ...terms, now: now + 100 }),
    ).toBeNull();
    expect(await stores.invitations.redeem("h-one", account("nina"), terms)).toMatchObject({ name: "nina" });
  });

  test.each([
    ["is disabled", () => stores.users.disable(root.id)],
    ["gets another role", () => stores.users.setRole(root.id, "operator")],
    ["is removed", () => stores.users.remove(root.id)],
  ])("it ends when its maker %s; those of nobody stay", async (_what, end) => {
    await invite("one");
    await invite("own", { createdBy: null });
    await end();
    expect((await stores.invitations.list(now)).map(({ id }) => id)).toEqual(["own"]);
    expect(await stores.invitations.find("h-own", terms)).not.toBeNull();
  });

  test("one that is made in the moment when its maker loses the power counts for nothing", async () => {
    await stores.users.setRole(root.id, "operator");
    await invite("one");
    expect(await stores.invitations.find("h-one", terms)).toBeNull();
    expect(await stores.invitations.redeem("h-one", account("nina"), terms)).toBeNull();
    await stores.users.setRole(root.id, "admin");
    await invite("two");
    await stores.users.disable(root.id);
    await invite("three");
    for (const hash of ["h-two", "h-three"]) expect(await stores.invitations.find(hash, terms)).toBeNull();
  });

  const ask = (id: string, name: string, about: { createdAt?: number; source?: string } = {}) =>
    stores.signUps.add({
      ...{ id, name, passwordHash: `p-${id}`, reason: "course", source: "192.0.2.7" },
      ...{ createdAt: now, expiresAt: now + 100, ...about },
    });

  test("names of those who ask may be the same, and that of an account; the newest counts", async () => {
    await ask("r-1", "nina");
    await ask("r-2", "Nina", { createdAt: now + 1 });
    await ask("r-3", "root", { source: "192.0.2.8" });
    expect(await stores.signUps.findByName("NINA", now)).toMatchObject({ id: "r-2" });
    expect(await stores.signUps.findByName("nina", now + 100)).toBeNull();
    expect((await stores.signUps.list(now)).map(({ id }) => id)).toEqual(["r-1", "r-3", "r-2"]);
    expect(await stores.signUps.hasCapacity("192.0.2.7", { inAll: 4, ofSource: 3 })).toBe(true);
    expect(await stores.signUps.hasCapacity("192.0.2.7", { inAll: 4, ofSource: 2 })).toBe(false);
    expect(await stores.signUps.hasCapacity("192.0.2.9", { inAll: 3, ofSource: 2 })).toBe(false);
    expect(await stores.signUps.remove("r-1")).toBe(true);
    expect(await stores.signUps.remove("r-1")).toBe(false);
    expect(await stores.signUps.deleteExpired(now + 100)).toBe(2);
  });

  test("of two administrators who agree at once one makes the account", async () => {
    const { id: groupId } = await stores.groups.add({ name: "lab" });
    await ask("r-1", "nina");
    const made = await Promise.all(
      [stores, other, stores, other].map((one, index) =>
        one.signUps.approve("r-1", { userId: `u-${index}`, role: "user", groupIds: [groupId] }, now),
      ),
    );
    const users = made.filter((one) => one !== null);
    expect(users).toMatchObject([{ name: "nina", passwordHash: "p-r-1", provider: "local", role: "user" }]);
    expect(await stores.groups.countMembers(groupId)).toBe(1);
    await ask("r-2", "root");
    const wanted = { userId: "u-9", role: "user", groupIds: [] } as const;
    await expect(stores.signUps.approve("r-2", wanted, now)).rejects.toMatchObject({ code: "USER_EXISTS" });
    expect(await stores.signUps.find("r-2", now)).not.toBeNull();
    expect(await stores.signUps.approve("r-2", wanted, now + 100)).toBeNull();
  });
});
