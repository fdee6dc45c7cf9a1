import { afterEach, beforeEach, expect, test } from "vitest";
import type { Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";
import { makeLogin } from "../../../support/make-login.ts";

describeDatabases("users and logins", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
  });
  afterEach(() => database.close());

  const addUser = (name: string) => stores.users.add({ name, role: "user", passwordHash: "hash" });

  test("a user's name is unique and found whatever its case", async () => {
    const user = await addUser("Ädele");
    expect(user).toEqual({
      id: user.id,
      name: "Ädele",
      role: "user",
      passwordHash: "hash",
      provider: "local",
      subject: null,
      email: null,
      createdAt: database.clock.time,
      disabledAt: null,
      lastLoginAt: null,
      version: 1,
    });
    await expect(addUser("äDELE")).rejects.toMatchObject({ code: "USER_EXISTS" });
    // The same letters, composed and not.
    await expect(addUser("a\u0308dele")).rejects.toMatchObject({ code: "USER_EXISTS" });
    expect(await stores.users.findByName("ÄDELE")).toEqual(user);
    expect(await stores.users.find(user.id)).toEqual(user);
    expect(await stores.users.findByName("adele")).toBeNull();
    expect(await stores.users.find("nobody")).toBeNull();
  });

  test("of parallel first users of one name one is added", async () => {
    const other = await database.open();
    const added = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? stores : other).users.add({ name: "admin", role: "admin", passwordHash: "" }),
      ),
    );
    expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await stores.users.count()).toBe(1);
  });

  test("users are counted, listed in their order, and given new passwords", async () => {
    expect(await stores.users.count()).toBe(0);
    const users = [];
    for (const name of ["zoe", "Bob", "amy"]) {
      users.push(await addUser(name));
      database.clock.time += 1;
    }
    expect(await stores.users.count()).toBe(3);
    const [zoe, bob, amy] = users;
    expect(await stores.users.list({ limit: 10 })).toEqual([amy, bob, zoe]);
    await stores.users.setPassword(bob!.id, "other");
    const passwords = (await stores.users.list({ limit: 10 })).map(({ passwordHash }) => passwordHash);
    expect(passwords).toEqual(["hash", "other", "hash"]);
  });

  test("a login is found until it expires or is removed", async () => {
    const user = await addUser("amy");
    const now = database.clock.time;
    const login = { ...makeLogin(user.id, now), id: "one", expiresAt: now + 10 };
    await stores.logins.create("one", login);
    await stores.logins.create("two", { ...login, id: "two", expiresAt: now + 20 });
    expect(await stores.logins.find("one", now + 9)).toEqual(login);
    expect(await stores.logins.find("one", now + 10)).toBeNull();
    expect(await stores.logins.find("none", now)).toBeNull();
    expect(await stores.logins.deleteExpired(now + 10)).toBe(1);
    expect(await stores.logins.find("one", now)).toBeNull();
    await stores.logins.remove("two");
    expect(await stores.logins.find("two", now)).toBeNull();
    await expect(stores.logins.create("x", { ...login, id: "x", userId: "nobody" })).rejects.toMatchObject({
      code: "USER_UNKNOWN",
    });
  });

  test("pages of people, by what is in the name or the address, by role and state", async () => {
    for (const name of ["Zoe", "bob", "amy", "100%", "a_b"]) await addUser(name);
    const { id } = await stores.users.add({
      name: "eve",
      role: "auditor",
      passwordHash: "",
      email: "Eve@Bobs.example",
    });
    await stores.users.disable(id);
    const names = async (query: Partial<Parameters<Stores["users"]["list"]>[0]>) =>
      (await stores.users.list({ limit: 10, ...query })).map(({ name }) => name);
    expect(await names({ search: "BOB" })).toEqual(["bob", "eve"]);
    expect(await names({ search: "%" })).toEqual(["100%"]);
    expect(await names({ search: "_" })).toEqual(["a_b"]);
    expect(await names({ role: "auditor" })).toEqual(["eve"]);
    expect(await names({ state: "disabled" })).toEqual(["eve"]);
    const first = await names({ limit: 3 });
    const second = await names({ limit: 3, after: first.at(-1)! });
    expect([...first, ...second].sort()).toEqual(["100%", "Zoe", "a_b", "amy", "bob", "eve"]);
  });

  test("a person of another provider is found by its key, and a key is nobody else's", async () => {
    const person = { role: "user", passwordHash: "", provider: "ldap", subject: "uuid-1" } as const;
    const anna = await stores.users.add({ name: "anna", ...person });
    await addUser("ben");
    await addUser("eve");
    expect(await stores.users.findBySubject("ldap", "uuid-1")).toEqual(anna);
    expect(await stores.users.findBySubject("oidc", "uuid-1")).toBeNull();
    await expect(stores.users.add({ name: "anna2", ...person })).rejects.toMatchObject({
      code: "USER_EXISTS",
    });
  });

  test("people are found by their mail address, whatever its case, two at most", async () => {
    const add = (name: string, email: string | null) =>
      stores.users.add({ name, role: "user", passwordHash: "", email });
    const anna = await add("anna", "Anna@Example.org");
    await add("ben", null);
    for (const name of ["one", "two", "three"]) await add(name, "desk@example.org");
    expect(await stores.users.findByEmail("aNNa@example.org")).toEqual([anna]);
    expect(await stores.users.findByEmail("desk@example.org")).toHaveLength(2);
    for (const nobody of ["nna@example.org", "anna@example.org%", "%", ""])
      expect(await stores.users.findByEmail(nobody)).toEqual([]);
  });

  test("names and mail addresses of accounts are taken, whatever their case", async () => {
    const account = { role: "user", passwordHash: "" } as const;
    await stores.users.add({ ...account, name: "Anna", email: "Anna@Example.org" });
    const many = Array.from({ length: 1200 }, (_, index) => `nobody-${index}@example.org`);
    const asked = [...many, "ANNA", "annA@example.ORG", "anna@", "example.org", "%", "nobody"];
    expect(await stores.users.findTaken(asked)).toEqual(new Set(["anna", "anna@example.org"]));
    expect(await stores.users.findTaken([])).toEqual(new Set());
  });

  test("the last administrator who may sign in stays one, whoever asks at once", async () => {
    const other = await database.open();
    const add = (name: string) => stores.users.add({ name, role: "admin", passwordHash: "" });
    const [one, two] = [await add("one"), await add("two")];
    const results = await Promise.allSettled([
      stores.users.disable(one.id),
      other.users.setRole(two.id, "user"),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "LAST_ADMIN" },
    });
    const admins = await stores.users.list({ role: "admin", state: "enabled", limit: 10 });
    expect(admins).toHaveLength(1);
    await expect(stores.users.remove(admins[0]!.id)).rejects.toMatchObject({ code: "LAST_ADMIN" });
    expect(await stores.users.find(admins[0]!.id)).not.toBeNull();
  });

  test("a new password or role ends logins; fewer rights end tokens too", async () => {
    const { users, logins, tokens } = stores;
    const { id } = await users.add({ name: "amy", role: "operator", passwordHash: "" });
    const now = database.clock.time;
    await stores.agents.add({ id: "a", name: "a", kind: "agent", publicKey: "k" });
    const desktopId = (await stores.desktops.publish("a", "d", null)).id;
    const token = { desktopId, token: "t", role: "view", createdBy: id, expiresAt: now + 1000 } as const;
    await tokens.create(token);
    const open = async (...hashes: string[]) => {
      for (const hash of hashes) await logins.create(hash, { ...makeLogin(id, now), id: hash });
    };
    await open("1", "2");
    expect(await logins.listByUser(id, now)).toHaveLength(2);
    await users.setPassword(id, "new", "2");
    expect((await logins.listByUser(id, now)).map((login) => login.id)).toEqual(["2"]);
    await users.setRole(id, "admin");
    expect(await logins.listByUser(id, now)).toEqual([]);
    expect(await tokens.countOpen(id, now)).toBe(1);
    await users.add({ name: "root", role: "admin", passwordHash: "" });
    await users.setRole(id, "user");
    expect(await tokens.countOpen(id, now)).toBe(0);
    await open("3", "4", "5");
    expect(await logins.removeById("nobody", "3")).toBe(false);
    expect(await logins.removeById(id, "3")).toBe(true);
    expect(await logins.removeOthers(id, "4")).toBe(1);
    await logins.touch("4", now + 60_000);
    expect((await logins.find("4", now))?.lastSeenAt).toBe(now + 60_000);
  });

  test("logins end with the session at another service that they come from, and no others", async () => {
    const [anna, ben] = [await addUser("anna"), await addUser("ben")];
    const now = database.clock.time;
    const open = async (hash: string, userId: string, session: string | null | undefined) => {
      await stores.logins.create(hash, { ...makeLogin(userId, now), id: hash });
      if (session === undefined) return;
      await stores.providerSessions.create(hash, { provider: "oidc", session, hint: `hint of ${hash}` });
    };
    const left = async () =>
      [...(await stores.logins.filterOpen(["a1", "a2", "a3", "a4", "b1"], now))].sort().join(" ");
    await open("a1", anna.id, "s-1");
    await open("a2", anna.id, "s-2");
    await open("a3", anna.id, null);
    await open("a4", anna.id, undefined);
    await open("b1", ben.id, "s-3");
    expect(await stores.providerSessions.find("a1")).toEqual({
      ...{ provider: "oidc", session: "s-1", hint: "hint of a1" },
    });
    expect(await stores.providerSessions.find("a4")).toBeNull();
    const end = async (userId: string | null, session: string | null, provider = "oidc") => {
      const ended = await stores.providerSessions.endLogins({ provider, userId, session });
      return ended.map(({ hash }) => hash).sort();
    };
    expect(await end(null, "s-1", "other")).toEqual([]);
    expect(await end(null, "s-3")).toEqual(["b1"]);
    expect(await end(ben.id, null)).toEqual([]);
    expect(await end(anna.id, "s-1")).toEqual(["a1", "a3", "a4"]);
    expect(await left()).toBe("a2");
    expect(await stores.providerSessions.find("a1")).toBeNull();
    expect(await end(anna.id, null)).toEqual(["a2"]);
  });

  test("what counts once counts once, whoever asks at once", async () => {
    const other = await database.open();
    const now = database.clock.time;
    const tries = Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? stores : other).signInSteps.useOnce("h", now + 10),
    );
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    expect(await stores.signInSteps.useOnce("i", now + 10)).toBe(true);
    expect(await stores.signInSteps.deleteExpired(now + 10)).toBe(2);
    expect(await stores.signInSteps.useOnce("h", now + 20)).toBe(true);
  });
});
