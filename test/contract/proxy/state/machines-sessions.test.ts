import { afterEach, beforeEach, expect, test } from "vitest";
import type { Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";
import { makeLogin } from "../../../support/make-login.ts";

const SESSION = {
  desktopId: "d",
  desktopName: "desk",
  agentId: "a",
  serverId: "s1",
  method: "token",
  transport: "rfb",
  role: "view",
  subject: "t",
  sourceAddress: "2001:db8::1",
} as const;

describeDatabases("machines and sessions", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let now: number;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    now = database.clock.time;
  });
  afterEach(() => database.close());

  const addMachine = (id: string, name: string) =>
    stores.machines.add({ id, name, image: "i", ownerId: "u", state: "queued", cpus: 2, memoryMb: 512 });
  const openSession = (id: string, startedAt: number, serverId = "s1") =>
    stores.sessions.open({ ...SESSION, id, serverId, startedAt });

  test("a machine's name is its own until it is removed", async () => {
    const machine = await addMachine("m1", "vm");
    expect(machine).toEqual({
      id: "m1",
      name: "vm",
      image: "i",
      ownerId: "u",
      agentId: null,
      state: "queued",
      cause: null,
      reason: null,
      accel: null,
      cpus: 2,
      memoryMb: 512,
      wish: { master: false, monitors: 1, gpu: "none", emptyDisk: false },
      oneShot: false,
      lifetimeMs: null,
      expiresAt: null,
      warnedAt: null,
      idleSince: null,
      viewed: false,
      ending: null,
      saved: false,
      powerOffAt: null,
      progress: null,
      tried: [],
      createdAt: now,
      since: now,
    });
    expect(await stores.machines.find("m1")).toEqual(machine);
    await expect(addMachine("m2", "vm")).rejects.toMatchObject({ code: "MACHINE_NAME_TAKEN" });
    await stores.machines.remove("m1");
    expect(await stores.machines.find("m1")).toBeNull();
    await addMachine("m2", "vm");
    expect((await stores.machines.list()).map(({ id }) => id)).toEqual(["m2"]);
  });

  test("a machine's change touches what it names; `since` moves with the state alone", async () => {
    await addMachine("m1", "vm");
    database.clock.time = now + 5;
    expect(await stores.machines.update("m1", { agentId: "a1", cpus: 4 })).toMatchObject({
      agentId: "a1",
      cpus: 4,
      memoryMb: 512,
      state: "queued",
      since: now,
    });
    expect(await stores.machines.update("m1", { state: "failed", reason: "No disk." })).toMatchObject({
      state: "failed",
      reason: "No disk.",
      since: now + 5,
    });
    database.clock.time = now + 9;
    expect(await stores.machines.update("m1", { state: "failed", reason: null, accel: "tcg" })).toMatchObject(
      {
        reason: null,
        accel: "tcg",
        agentId: "a1",
        since: now + 5,
      },
    );
    const unchanged = await stores.machines.find("m1");
    expect(await stores.machines.update("m1", {})).toEqual(unchanged);
    expect(await stores.machines.update("none", { state: "running" })).toBeNull();
    expect(await stores.machines.update("none", {})).toBeNull();
  });

  test("open sessions are counted by desktop, whichever server has them", async () => {
    await openSession("one", now, "s1");
    await openSession("two", now, "s2");
    await openSession("three", now, "s2");
    await stores.sessions.close("three", { cause: "x", bytesToViewer: 0, bytesToServer: 0, endedAt: now });
    expect(await stores.sessions.countOpen()).toEqual(new Map([["d", 2]]));
  });

  test("a session is open, then closed by the first cause", async () => {
    await openSession("one", now);
    const [open] = await stores.sessions.list();
    expect(open).toMatchObject({ state: "open", endedAt: null, cause: null, bytesToViewer: 0 });
    const end = { cause: "viewer left", bytesToViewer: 2 ** 40, bytesToServer: 7, endedAt: now + 3 };
    await stores.sessions.close("one", end);
    await stores.sessions.close("one", { ...end, cause: "later", endedAt: now + 4 });
    expect(await stores.sessions.list()).toEqual([{ ...open, ...end, state: "closed" }]);
  });

  test("sessions are listed from the newest, by state, and no more than asked for", async () => {
    for (const [index, id] of ["one", "two", "three"].entries()) await openSession(id, now + index);
    await stores.sessions.close("two", { cause: "x", bytesToViewer: 0, bytesToServer: 0, endedAt: now });
    const ids = async (filter?: Parameters<Stores["sessions"]["list"]>[0]) =>
      (await stores.sessions.list(filter)).map(({ id }) => id);
    expect(await ids()).toEqual(["three", "two", "one"]);
    expect(await ids({ limit: 2 })).toEqual(["three", "two"]);
    expect(await ids({ state: "open" })).toEqual(["three", "one"]);
    expect(await ids({ state: "closed", limit: 5 })).toEqual(["two"]);
    await openSession("tie", now + 1);
    const after = await stores.sessions.find("two");
    expect(after).toMatchObject({ state: "closed", startedAt: now + 1, denied: [] });
    expect(await ids({ after: after! })).toEqual(["tie", "one"]);
    expect(await ids({ after: after!, state: "open", limit: 1 })).toEqual(["tie"]);
    expect(await stores.sessions.find("nowhere")).toBeNull();
  });

  test("closed sessions are deleted when they are old or too many, the oldest first; open ones stay", async () => {
    for (const [index, id] of ["a", "b", "c", "d", "e", "f"].entries()) await openSession(id, now + index);
    const close = (id: string, endedAt: number) =>
      stores.sessions.close(id, { cause: "x", bytesToViewer: 0, bytesToServer: 0, endedAt });
    for (const id of ["b", "c", "d", "e"]) await close(id, now + 10);
    const ids = async () => (await stores.sessions.list()).map(({ id }) => id).reverse();
    const forget = (changes: Partial<Parameters<Stores["sessions"]["forget"]>[0]>) =>
      stores.sessions.forget({ before: now, keep: 100, limit: 100, ...changes });
    expect(await forget({})).toBe(0);
    // They began before, and ended after.
    expect(await forget({ before: now + 5 })).toBe(0);
    expect(await forget({ keep: 3 })).toBe(1);
    expect(await ids()).toEqual(["a", "c", "d", "e", "f"]);
    expect(await forget({ before: now + 11, limit: 2 })).toBe(2);
    expect(await ids()).toEqual(["a", "e", "f"]);
    expect(await forget({ keep: 0 })).toBe(1);
    expect(await ids()).toEqual(["a", "f"]);
  });

  test("a server that starts closes its own old sessions, not another's", async () => {
    await openSession("mine", now, "s1");
    await openSession("theirs", now, "s2");
    database.clock.time = now + 60;
    await stores.sessions.closeAll("s1", "server restarted");
    const sessions = await stores.sessions.list();
    expect(sessions.find(({ id }) => id === "mine")).toMatchObject({
      state: "closed",
      cause: "server restarted",
      endedAt: now + 60,
    });
    expect(sessions.find(({ id }) => id === "theirs")).toMatchObject({ state: "open", cause: null });
  });

  test("a session's validity tells what has become of its token, desktop, agent and account", async () => {
    const user = await stores.users.add({ name: "anna", role: "user", passwordHash: "" });
    await stores.agents.add({ id: "a", name: "mill", kind: "agent", publicKey: "" });
    const desktopId = (await stores.desktops.publish("a", "desk", null)).id;
    const token = await stores.tokens.create({
      desktopId,
      token: "abcd2345",
      role: "view",
      denied: ["power", "clipboard-out"],
      createdBy: user.id,
      expiresAt: now + 1_000,
    });
    expect(token.denied).toEqual(["power", "clipboard-out"]);
    const about = { desktopId, desktopName: "desk", agentId: "a", transport: "rfb", role: "view" } as const;
    const rest = { ...about, sourceAddress: "::1", startedAt: now };
    await stores.sessions.open({ ...rest, id: "t", serverId: "s1", method: "token", subject: token.id });
    await stores.sessions.open({ ...rest, id: "u", serverId: "s1", method: "ticket", subject: user.id });
    await stores.sessions.open({ ...rest, id: "x", serverId: "s2", method: "ticket", subject: user.id });
    const validity = async () =>
      new Map((await stores.sessions.listValidity("s1")).map(({ id, ...rest }) => [id, rest]));
    const fine = { orderedEnd: null, desktopExists: true, agentRevoked: false, loginEnded: false };
    const stored = { role: "view", denied: ["clipboard-out", "power"], revoked: false };
    expect(await validity()).toEqual(
      new Map<string, unknown>([
        ["t", { ...fine, token: stored, account: null }],
        ["u", { ...fine, token: null, account: { disabled: false } }],
      ]),
    );
    expect(await stores.tokens.change(token.id, { role: "control" })).toMatchObject({
      role: "control",
      denied: ["clipboard-out", "power"],
    });
    expect((await validity()).get("t")).toMatchObject({ token: { role: "control" } });
    await stores.tokens.change(token.id, { denied: [] });
    expect((await stores.tokens.list())[0]).toMatchObject({ role: "control", denied: [] });

    await stores.users.disable(user.id);
    expect((await stores.users.find(user.id))?.disabledAt).toBe(now);
    expect((await validity()).get("u")).toMatchObject({ account: { disabled: true } });
    expect((await validity()).get("t")).toMatchObject({ token: { revoked: true } });
    expect(await stores.tokens.change(token.id, { role: "view" })).toBeNull();
    await stores.users.enable(user.id);
    expect((await stores.users.find(user.id))?.disabledAt).toBeNull();
    await stores.users.remove(user.id);
    expect((await validity()).get("u")).toMatchObject({ account: null });

    expect(await stores.tokens.deleteExpired(now + 1_000)).toBe(0);
    expect(await stores.tokens.deleteExpired(now + 1_000 + 24 * 3_600_000)).toBe(1);
    expect((await validity()).get("t")).toMatchObject({ token: null, desktopExists: true });

    expect(await stores.sessions.requestEnd("t", "SESSION_ENDED")).toBe(true);
    expect((await validity()).get("t")).toMatchObject({ orderedEnd: "SESSION_ENDED" });
    await stores.agents.revoke("a");
    expect((await validity()).get("u")).toMatchObject({ agentRevoked: true, desktopExists: false });
    await stores.sessions.close("t", { cause: "x", bytesToViewer: 0, bytesToServer: 0, endedAt: now });
    expect(await stores.sessions.requestEnd("t", "SESSION_ENDED")).toBe(false);
    expect([...(await validity()).keys()]).toEqual(["u"]);
  });

  test("a session's validity tells that the login which opened it has ended, whichever way", async () => {
    const { id: userId } = await stores.users.add({ name: "anna", role: "user", passwordHash: "" });
    await stores.agents.add({ id: "a", name: "mill", kind: "agent", publicKey: "" });
    const desktopId = (await stores.desktops.publish("a", "desk", null)).id;
    const login = { ...makeLogin(userId, now), expiresAt: now + 1_000 };
    for (const hash of ["one", "two"]) {
      await stores.logins.create(hash, { ...login, id: hash });
      const ticket = {
        desktopId,
        role: "view",
        createdBy: userId,
        loginHash: hash,
        expiresAt: now + 1,
      } as const;
      await stores.tickets.create(hash, ticket);
      expect(await stores.tickets.take(hash, now)).toMatchObject({ loginHash: hash });
      await stores.sessions.open({ ...SESSION, id: hash, loginHash: hash, startedAt: now });
    }
    await stores.sessions.open({ ...SESSION, id: "none", startedAt: now });
    const ended = async () =>
      (await stores.sessions.listValidity("s1")).filter((row) => row.loginEnded).map(({ id }) => id);
    expect(await ended()).toEqual([]);
    await stores.logins.remove("one");
    expect(await ended()).toEqual(["one"]);
    await stores.logins.deleteExpired(now + 1_000);
    expect((await ended()).sort()).toEqual(["one", "two"]);
    expect(JSON.stringify(await stores.sessions.list())).not.toContain("loginHash");
  });

  test("a ticket keeps what it denies, and a session shows it", async () => {
    await stores.agents.add({ id: "a", name: "mill", kind: "agent", publicKey: "" });
    const desktopId = (await stores.desktops.publish("a", "desk", null)).id;
    const ticket = {
      desktopId,
      role: "control",
      denied: ["audio"],
      createdBy: "u",
      expiresAt: now + 1,
    } as const;
    await stores.tickets.create("hash", ticket);
    expect(await stores.tickets.take("hash", now)).toEqual({ ...ticket, loginHash: null });
    await openSession("one", now);
    expect(await stores.sessions.list()).toMatchObject([{ denied: [] }]);
  });

  test("machines are read by what they are, and not all of them", async () => {
    for (const [index, name] of ["vm", "vm-2", "vm_2", "other", "Ünï-1"].entries()) {
      database.clock.time += 1;
      await addMachine(`m${index + 1}`, name);
    }
    await stores.machines.update("m1", { agentId: "h1", state: "running", expiresAt: 5 });
    await stores.machines.update("m2", { agentId: "h1", state: "failed" });
    await stores.machines.update("m3", { agentId: "h2", state: "preparing", ending: "idle" });
    const ids = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id);
    expect(ids(await stores.machines.findMany(["m4", "m1", "none"])).sort()).toEqual(["m1", "m4"]);
    expect(ids(await stores.machines.listByOwner("u"))).toHaveLength(5);
    expect(await stores.machines.listByOwner("v")).toEqual([]);
    expect(ids(await stores.machines.listByAgent("h1"))).toEqual(["m1", "m2"]);
    expect(ids(await stores.machines.listPending())).toEqual(["m3", "m4", "m5"]);
    expect(ids(await stores.machines.listEnding())).toEqual(["m1", "m3"]);
    expect([...(await stores.machines.countPlaced())].sort()).toEqual([
      ["h1", 1],
      ["h2", 1],
    ]);
    const named = async (prefix: string) =>
      (await stores.machines.listNamedFrom(prefix)).map(({ name }) => name).sort();
    expect(await named("vm")).toEqual(["vm", "vm-2", "vm_2"]);
    expect(await named("vm_")).toEqual(["vm_2"]);
    expect(await named("Ünï")).toEqual(["Ünï-1"]);
  });
});
