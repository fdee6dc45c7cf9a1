import { afterEach, beforeEach, expect, test } from "vitest";
import type { NewFactor, Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

describeDatabases("second factors", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let userId: string;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    ({ id: userId } = await stores.users.add({ name: "anna", role: "user", passwordHash: "" }));
  });
  afterEach(() => database.close());

  const app = (change: Partial<NewFactor> = {}): NewFactor => ({
    ...{
      userId,
      kind: "totp",
      name: "phone",
      counter: 100,
      locator: `totp ${userId}`,
      secret: "CANARY2SECRET",
    },
    ...change,
  });
  const passkey = (id: string, counter = 0) =>
    app({ kind: "passkey", name: id, counter, locator: `passkey ${id}`, secret: `{"id":"${id}"}` });
  const add = (factor: NewFactor, recovery: readonly string[] = []) =>
    stores.factors.add(factor, { limit: 3, recovery });

  test("a secret comes back, and is nowhere in the database", async () => {
    const { factor } = await add(app());
    const [found] = await stores.factors.listByUser(userId);
    expect(found).toMatchObject(factor);
    expect(factor).toEqual({
      ...{ id: factor.id, userId, kind: "totp", name: "phone", counter: 100, tries: 0, openAt: 0 },
      ...{ createdAt: database.clock.time, lastUsedAt: null },
    });
    expect(found?.reveal()).toBe("CANARY2SECRET");
    expect((await stores.factors.findByLocator(`totp ${userId}`))?.id).toBe(factor.id);
    expect(await stores.factors.findByLocator("totp nobody")).toBeNull();
    expect(await database.dump()).not.toContain("CANARY2SECRET");
  });

  test("of any number of uses of one step one counts, and none of an older one, on two servers", async () => {
    const { factor } = await add(app());
    const other = await database.open();
    const use = (step: number) =>
      Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? stores : other).factors.use(factor.id, step, 7),
        ),
      );
    expect((await use(102)).filter(Boolean)).toHaveLength(1);
    expect((await use(101)).filter(Boolean)).toHaveLength(0);
    expect((await use(103)).filter(Boolean)).toHaveLength(1);
    expect((await stores.factors.listByUser(userId))[0]).toMatchObject({ counter: 103, lastUsedAt: 7 });
  });

  test("a passkey that does not count goes on; one that counted never goes back, nor to none", async () => {
    const { factor: still } = await add(passkey("still"));
    const { factor: counting } = await add(passkey("counting", 4));
    const { factor: phone } = await add(app({ counter: 0 }));
    const tryUse = (id: string, counter: number, now: number) => stores.factors.use(id, counter, now);
    expect(await tryUse(still.id, 0, 1)).toBe(true);
    expect(await tryUse(still.id, 0, 2)).toBe(true);
    expect(await tryUse(still.id, 3, 3)).toBe(true);
    expect(await tryUse(still.id, 0, 4)).toBe(false);
    for (const counter of [4, 3, 0]) expect(await tryUse(counting.id, counter, 1)).toBe(false);
    expect(await tryUse(counting.id, 5, 1)).toBe(true);
    expect(await tryUse(phone.id, 0, 1)).toBe(false);
  });

  test("a recovery code is redeemed once, however many ask at once; new ones replace the rest", async () => {
    await add(app(), ["a", "b", "c"]);
    const other = await database.open();
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? stores : other).factors.takeRecovery(userId, "a"),
      ),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await stores.factors.countRecovery(userId)).toBe(2);
    const { id: stranger } = await stores.users.add({ name: "ben", role: "user", passwordHash: "" });
    expect(await stores.factors.takeRecovery(stranger, "b")).toBe(false);
    await stores.factors.replaceRecovery(userId, ["d"]);
    expect(await stores.factors.takeRecovery(userId, "b")).toBe(false);
    expect(await stores.factors.takeRecovery(userId, "d")).toBe(true);
    expect(await stores.factors.listByUser(userId)).toHaveLength(1);
  });

  test("recovery codes come with the first factor, stay with the second, and go with the last", async () => {
    const first = await add(app(), ["a"]);
    expect(first.recoveryKept).toBe(true);
    const second = await add(passkey("p"), ["b"]);
    expect(second.recoveryKept).toBe(false);
    expect(await stores.factors.takeRecovery(userId, "b")).toBe(false);
    const { id: ben } = await stores.users.add({ name: "ben", role: "user", passwordHash: "" });
    expect(await stores.factors.remove(ben, first.factor.id)).toBe(false);
    expect(await stores.factors.remove(userId, first.factor.id)).toBe(true);
    expect(await stores.factors.countRecovery(userId)).toBe(1);
    expect(await stores.factors.remove(userId, second.factor.id)).toBe(true);
    expect(await stores.factors.countRecovery(userId)).toBe(0);
    expect(await stores.factors.remove(userId, second.factor.id)).toBe(false);
  });

  test("a new app replaces the old one; a passkey is one person's; there are not too many, also at once", async () => {
    await add(app());
    await add(app({ secret: "NEW", counter: 200 }));
    const apps = await stores.factors.listByUser(userId);
    expect(apps.map((one) => [one.counter, one.reveal()])).toEqual([[200, "NEW"]]);
    const { id: ben } = await stores.users.add({ name: "ben", role: "user", passwordHash: "" });
    await add(passkey("1"));
    await expect(add({ ...passkey("1"), userId: ben })).rejects.toMatchObject({ code: "FACTOR_EXISTS" });
    const other = await database.open();
    const added = await Promise.allSettled(
      ["2", "3", "4", "5", "6"].map((id, index) =>
        (index % 2 === 0 ? stores : other).factors.add(passkey(id), { limit: 3, recovery: [] }),
      ),
    );
    expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    for (const one of added)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "FACTOR_LIMIT" });
    await expect(add({ ...passkey("7"), userId: "nobody" })).rejects.toMatchObject({ code: "USER_UNKNOWN" });
  });

  test("of tries at once one is counted; a use forgets them", async () => {
    const { factor } = await add(app());
    const other = await database.open();
    const counted = await Promise.all(
      [stores, other, stores, other].map(({ factors }) =>
        factors.countTry(factor.id, { tries: 0 }, { tries: 1, openAt: 9 }),
      ),
    );
    expect(counted.filter(Boolean)).toHaveLength(1);
    expect((await stores.factors.listByUser(userId))[0]).toMatchObject({ tries: 1, openAt: 9 });
    await stores.factors.use(factor.id, 101, 1);
    expect((await stores.factors.listByUser(userId))[0]).toMatchObject({ tries: 0, openAt: 0 });
  });

  test("an administrator takes all away; they go with the account", async () => {
    await add(app(), ["a", "b"]);
    await add(passkey("p"));
    expect(await stores.factors.removeAll(userId)).toBe(2);
    expect(await stores.factors.countRecovery(userId)).toBe(0);
    await add(passkey("p"), ["c"]);
    await stores.users.remove(userId);
    expect(await stores.factors.findByLocator("passkey p")).toBeNull();
    expect(await stores.factors.countRecovery(userId)).toBe(0);
  });

  test("what was spent is spent for every server until it has expired", async () => {
    const other = await database.open();
    const { time } = database.clock;
    const spent = await Promise.all(
      [stores, other, stores, other].map(({ signInSteps }) => signInSteps.useOnce("challenge", time + 5)),
    );
    expect(spent.filter(Boolean)).toHaveLength(1);
    expect(await stores.signInSteps.try("challenge", time, 5)).toBeNull();
    expect(await stores.signInSteps.deleteExpired(time + 5)).toBe(1);
    expect(await stores.signInSteps.useOnce("challenge", time + 9)).toBe(true);
  });
});
