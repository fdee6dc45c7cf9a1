import { afterEach, beforeEach, expect, test } from "vitest";
import type { Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

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
      createdAt: database.clock.time,
      disabledAt: null,
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
    expect(await stores.users.list()).toEqual(users);
    await stores.users.setPassword(users[1]!.id, "other");
    expect((await stores.users.list()).map(({ passwordHash }) => passwordHash)).toEqual([
      "hash",
      "other",
      "hash",
    ]);
  });

  test("a login is found until it expires or is removed", async () => {
    const user = await addUser("amy");
    const now = database.clock.time;
    const login = { userId: user.id, createdAt: now, expiresAt: now + 10 };
    await stores.logins.create("one", login);
    await stores.logins.create("two", { ...login, expiresAt: now + 20 });
    expect(await stores.logins.find("one", now + 9)).toEqual(login);
    expect(await stores.logins.find("one", now + 10)).toBeNull();
    expect(await stores.logins.find("none", now)).toBeNull();
    expect(await stores.logins.deleteExpired(now + 10)).toBe(1);
    expect(await stores.logins.find("one", now)).toBeNull();
    await stores.logins.remove("two");
    expect(await stores.logins.find("two", now)).toBeNull();
    await expect(stores.logins.create("x", { ...login, userId: "nobody" })).rejects.toMatchObject({
      code: "USER_UNKNOWN",
    });
  });
});
