import { beforeEach, expect, test, afterEach } from "vitest";
import { RequestError } from "../../../../protocol/index.ts";
import type { Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

describeDatabases("agents", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let other: Stores;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    other = await database.open();
    await stores.agents.add({ id: "a1", name: "mill", kind: "agent", publicKey: "cHVibGlj" });
  });
  afterEach(() => database.close());

  test("are kept as they were added", async () => {
    const expected = {
      id: "a1",
      name: "mill",
      kind: "agent",
      publicKey: "cHVibGlj",
      createdAt: database.clock.time,
      lastSeenAt: null,
      revokedAt: null,
      serverId: null,
      epoch: 0,
      drainedAt: null,
      admittedAt: null,
      rightsChangedAt: null,
    };
    expect(await other.agents.find("a1")).toEqual(expected);
    expect(await other.agents.list()).toEqual([expected]);
    expect(await other.agents.find("a2")).toBeNull();
  });

  test("have one id each, and may share a name", async () => {
    const again = stores.agents.add({ id: "a1", name: "x", kind: "host", admitted: true, publicKey: "" });
    await expect(again).rejects.toMatchObject({ code: "AGENT_EXISTS" });
    await expect(again).rejects.toBeInstanceOf(RequestError);
    database.clock.time += 1;
    await stores.agents.add({ id: "a0", name: "mill", kind: "host", admitted: true, publicKey: "" });
    expect((await stores.agents.list()).map(({ id }) => id)).toEqual(["a1", "a0"]);
  });

  test("are forgotten by kind, unless they are connected, revoked or were seen lately", async () => {
    const { clock } = database;
    for (const id of ["gone", "lately", "held", "revoked", "never"]) {
      await stores.agents.add({ id, name: id, kind: "mip1", publicKey: "" });
    }
    for (const id of ["gone", "held", "revoked", "a1"]) {
      const kind = id === "a1" ? "agent" : "mip1";
      const epoch = await stores.agents.claim(id, "s1", kind);
      if (id === "gone") await stores.desktops.publish(id, "d", null);
      if (id !== "held") await stores.agents.release(id, epoch);
    }
    await stores.agents.revoke("revoked");
    clock.time += 10;
    await stores.agents.release("lately", await stores.agents.claim("lately", "s1", "mip1"));
    const before = (await stores.grants.readChanges(-1))?.revision ?? 0;
    expect(await other.agents.forget("mip1", clock.time)).toBe(1);
    // Its labels went with it, and with them what they gave.
    expect(await stores.grants.readChanges(before)).toMatchObject({ everybody: true });
    expect(await other.agents.forget("mip1", clock.time)).toBe(0);
    expect(await stores.grants.readChanges(before + 1)).toBeNull();
    expect(await stores.desktops.list()).toEqual([]);
    expect((await stores.agents.list()).map(({ id }) => id).sort()).toEqual(
      ["a1", "held", "lately", "never", "revoked"].sort(),
    );
  });

  test("are claimed with a growing epoch; only the current hold can be released", async () => {
    expect(await stores.agents.claim("a1", "s1", "agent")).toBe(1);
    database.clock.time += 5;
    expect(await other.agents.claim("a1", "s2", "agent")).toBe(2);
    expect(await stores.agents.release("a1", 1)).toBe(false);
    expect(await stores.agents.find("a1")).toMatchObject({
      serverId: "s2",
      epoch: 2,
      kind: "agent",
      lastSeenAt: database.clock.time,
    });
    database.clock.time += 5;
    expect(await other.agents.release("a1", 2)).toBe(true);
    expect(await other.agents.release("a1", 2)).toBe(false);
    expect(await stores.agents.find("a1")).toMatchObject({
      serverId: null,
      epoch: 2,
      lastSeenAt: database.clock.time,
    });
    expect(await stores.agents.claim("a1", "s1", "agent")).toBe(3);
  });

  test("give each of many racing claims its own epoch, and the highest holds", async () => {
    const claims = Array.from({ length: 40 }, async (_, index) => {
      const serverId = `s${index}`;
      const epoch = await (index % 2 === 0 ? stores : other).agents.claim("a1", serverId, "agent");
      return { serverId, epoch };
    });
    const results = (await Promise.all(claims)).sort((a, b) => a.epoch - b.epoch);
    expect(results.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(await stores.agents.find("a1")).toMatchObject(results.at(-1)!);
    const released = await Promise.all(results.map(({ epoch }) => other.agents.release("a1", epoch)));
    expect(released.filter(Boolean)).toHaveLength(1);
    expect(released.at(-1)).toBe(true);
  });

  test("take their desktops offline when they are released, and when they are claimed anew", async () => {
    const stateOf = async (id: string) => (await other.desktops.find(id))!.state;
    const epoch = await stores.agents.claim("a1", "s1", "agent");
    const one = await stores.desktops.publish("a1", "one", null);
    const two = await stores.desktops.publish("a1", "two", null);
    expect([await stateOf(one.id), await stateOf(two.id)]).toEqual(["online", "online"]);
    await stores.agents.claim("a1", "s1", "agent");
    expect(await stateOf(one.id)).toBe("offline");
    await stores.desktops.publish("a1", "two", null);
    await stores.agents.release("a1", epoch);
    expect([await stateOf(one.id), await stateOf(two.id)]).toEqual(["offline", "online"]);
    await stores.agents.release("a1", epoch + 1);
    expect(await stateOf(two.id)).toBe("offline");
  });

  test("of an earlier life of a server are released together, others stay", async () => {
    await stores.agents.add({ id: "a2", name: "lock", kind: "agent", publicKey: "" });
    await stores.agents.claim("a1", "s1", "agent");
    await stores.agents.claim("a2", "s2", "agent");
    const mine = await stores.desktops.publish("a1", "d", null);
    const theirs = await stores.desktops.publish("a2", "d", null);
    await stores.agents.releaseAll("s1");
    expect((await stores.agents.find("a1"))!.serverId).toBeNull();
    expect((await stores.agents.find("a2"))!.serverId).toBe("s2");
    expect((await stores.desktops.find(mine.id))!.state).toBe("offline");
    expect((await stores.desktops.find(theirs.id))!.state).toBe("online");
    await stores.agents.releaseAll("s3");
  });

  test("are revoked for good: no claim, no desktops, no tokens, no tickets", async () => {
    const epoch = await stores.agents.claim("a1", "s1", "agent");
    const desktop = await stores.desktops.publish("a1", "d", null);
    const expiresAt = database.clock.time + 1_000;
    const token = { desktopId: desktop.id, role: "view", createdBy: "u", expiresAt } as const;
    await stores.tokens.create({ ...token, token: "abcd2345" });
    await stores.tickets.create("hash", token);
    await stores.agents.revoke("a1");
    expect(await other.agents.find("a1")).toMatchObject({
      revokedAt: database.clock.time,
      serverId: null,
      epoch: epoch + 1,
    });
    expect(await other.desktops.list()).toEqual([]);
    expect(await other.tokens.list()).toEqual([]);
    expect(await other.tickets.take("hash", database.clock.time)).toBeNull();
    expect(await other.agents.release("a1", epoch)).toBe(false);
    await expect(other.agents.claim("a1", "s1", "agent")).rejects.toMatchObject({ code: "AGENT_REVOKED" });
    await expect(other.agents.claim("nobody", "s1", "agent")).rejects.toMatchObject({
      code: "AGENT_UNKNOWN",
    });
    const revokedAt = database.clock.time;
    database.clock.time += 9;
    await stores.agents.revoke("a1");
    expect((await stores.agents.find("a1"))!.revokedAt).toBe(revokedAt);
  });

  test("change their key under the current epoch alone, and only from the key that they have", async () => {
    const epoch = await stores.agents.claim("a1", "s1", "agent");
    const hold = { epoch, publicKey: "cHVibGlj" };
    expect(await stores.agents.replaceKey("a1", { ...hold, epoch: epoch - 1 }, "bmV3")).toBe(false);
    expect(await stores.agents.replaceKey("a1", { ...hold, publicKey: "b3RoZXI=" }, "bmV3")).toBe(false);
    expect(await stores.agents.replaceKey("a2", hold, "bmV3")).toBe(false);
    const both = [stores, other].map(({ agents }, at) => agents.replaceKey("a1", hold, `bmV3${at}`));
    expect((await Promise.all(both)).filter(Boolean)).toHaveLength(1);
    expect((await other.agents.find("a1"))?.publicKey).toMatch(/^bmV3[01]$/);
  });

  test("that were revoked are listed by time, and keep their key", async () => {
    const epoch = await stores.agents.claim("a1", "s1", "agent");
    const now = database.clock.time;
    expect(await other.agents.listRevokedSince(0)).toEqual([]);
    await stores.agents.revoke("a1");
    expect(await other.agents.listRevokedSince(now)).toEqual(["a1"]);
    expect(await other.agents.listRevokedSince(now + 1)).toEqual([]);
    expect(await stores.agents.replaceKey("a1", { epoch: epoch + 1, publicKey: "cHVibGlj" }, "bmV3")).toBe(
      false,
    );
  });

  test("keep their role whatever they claim; only an administrator changes it, and other servers hear of it", async () => {
    const { clock } = database;
    await expect(stores.agents.claim("a1", "s1", "host")).rejects.toMatchObject({ code: "ROLE_REFUSED" });
    await stores.agents.add({ id: "h1", name: "rack", kind: "host", publicKey: "" });
    await stores.agents.add({ id: "m1", name: "old", kind: "mip1", publicKey: "" });
    expect(await stores.agents.find("h1")).toMatchObject({ admittedAt: null });
    expect(await other.agents.listRightsChangedSince(0)).toEqual([]);
    clock.time += 5;
    const admittedAt = clock.time;
    expect(await stores.agents.setRole("a1", "host")).toMatchObject({ kind: "host", admittedAt });
    expect(await stores.agents.claim("a1", "s1", "host")).toBe(1);
    expect(await other.agents.listRightsChangedSince(admittedAt)).toEqual([
      { id: "a1", kind: "host", admittedAt },
    ]);
    expect(await other.agents.listRightsChangedSince(admittedAt + 1)).toEqual([]);
    expect(await stores.agents.setRole("a1", "agent")).toMatchObject({ kind: "agent", admittedAt: null });
    await expect(stores.agents.setRole("m1", "host")).rejects.toMatchObject({ code: "ROLE_REFUSED" });
    await stores.agents.revoke("h1");
    await expect(stores.agents.setRole("h1", "host")).rejects.toMatchObject({ code: "AGENT_REVOKED" });
    await expect(stores.agents.setRole("none", "host")).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
  });
});
