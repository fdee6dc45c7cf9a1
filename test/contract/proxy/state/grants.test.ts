import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NewGrant, Stores } from "../../../../proxy/index.ts";
import { Rights } from "../../../../proxy/rights/rights.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

describeDatabases("groups, grants and labels", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let clock: ManualClock;
  let rights: Rights;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    clock = new ManualClock();
    rights = new Rights(stores, clock);
    await stores.agents.add({ id: "a1", name: "lab-host-1", kind: "host", publicKey: "k1", admitted: true });
    await stores.agents.add({ id: "a2", name: "office", kind: "agent", publicKey: "k2" });
  });
  afterEach(() => database.close());

  const addUser = (name: string, role: "user" | "operator" | "admin" | "auditor" = "user") =>
    stores.users.add({ name, role, passwordHash: "hash" });
  const grant = (holder: NewGrant["holder"], may: NewGrant["may"], on: string) => {
    const colon = on.indexOf(":");
    const target = on.slice(0, colon) as NewGrant["target"];
    return stores.grants.add({ holder, may, target, pattern: on.slice(colon + 1), createdBy: "admin" });
  };
  const publish = async (agentId: string, name: string, machineId: string | null = null) => {
    const { id } = await stores.desktops.publish(agentId, name, machineId);
    const view = await stores.desktops.find(id);
    if (view === null) throw new Error("not there");
    return view;
  };
  /** How far the right goes, by what counts now. */
  const levelOf = async (userId: string, desktop: Awaited<ReturnType<typeof publish>>) => {
    const levels = ["see", "view", "control", "manage"] as const;
    await rights.refresh();
    const allowed = await Promise.all(levels.map((level) => rights.mayUse(userId, desktop, level)));
    return levels[allowed.lastIndexOf(true)] ?? null;
  };

  test("nobody has a right by default, and roles have theirs", async () => {
    const desktop = await publish("a2", "lab-1");
    for (const [role, level] of [
      ["user", null],
      ["auditor", "see"],
      ["operator", "manage"],
      ["admin", "manage"],
    ] as const)
      expect([role, await levelOf((await addUser(role, role)).id, desktop)]).toEqual([role, level]);
  });

  test("names, patterns, hosts and labels reach what they name, in checks and in lists", async () => {
    const desktop = await publish("a2", "lab-1");
    await publish("a1", "other");
    await stores.labels.set({ desktopId: desktop.id }, ["room-12"]);
    await stores.labels.set({ agentId: "a2" }, ["windows"]);
    const anna = await addUser("anna");
    const reaching = async (on: string) => {
      const { id } = await grant({ userId: anna.id }, "view", on);
      const level = await levelOf(anna.id, desktop);
      const patterns = (await rights.of(anna.id))?.patterns ?? [];
      const reached = await stores.grants.listReachable(anna.id, patterns);
      await stores.grants.remove(id);
      return { on, level, reached };
    };
    const reached = { desktopIds: [desktop.id], machineIds: [] };
    for (const on of [
      "desktop:lab-1",
      "desktop:lab-*",
      "desktop:office/lab-1",
      "desktop:a2/lab-1",
      "desktop:off*/lab-?",
      "host:office",
      "host:a2",
      "host:o*",
      "label:room-12",
      "label:windows",
      "label:room-*",
    ])
      expect(await reaching(on)).toEqual({ on, level: "view", reached });
    // Nothing to look for: all is looked at.
    expect(await reaching("desktop:*-?")).toMatchObject({ level: "view", reached: null });
    const nothing = { desktopIds: [], machineIds: [] };
    for (const on of ["desktop:lab-2", "desktop:LAB-1", "desktop:lab-1/office", "host:lab-1", "label:lab-1"])
      expect(await reaching(on)).toEqual({ on, level: null, reached: nothing });
    // The list looks at names alone; the check decides.
    expect(await reaching("desktop:lab?")).toMatchObject({ level: null });
    expect(await reaching("desktop:elsewhere/lab-1")).toEqual({
      on: "desktop:elsewhere/lab-1",
      level: null,
      reached,
    });
  });

  test("a machine is reached by its name and its host, off or on; its owner needs nothing", async () => {
    const [owner, ben] = [await addUser("owner"), await addUser("ben")];
    const machine = { image: "debian", ownerId: owner.id, state: "running", cpus: 1, memoryMb: 512 } as const;
    await stores.machines.add({ ...machine, id: "m1", name: "lab-7" });
    await stores.machines.update("m1", { agentId: "a1" });
    await stores.machines.add({ ...machine, id: "m2", name: "lab-8", state: "queued" });
    const screen = await publish("a1", "lab-7-2", "m1");
    expect([await levelOf(owner.id, screen), await levelOf(ben.id, screen)]).toEqual(["manage", null]);
    await grant({ userId: ben.id }, "control", "desktop:lab-7");
    await grant({ userId: ben.id }, "see", "desktop:lab-8");
    expect(await levelOf(ben.id, screen)).toBe("control");
    const byName = await stores.grants.listReachable(ben.id, []);
    expect(byName?.machineIds.toSorted()).toEqual(["m1", "m2"]);
    await grant({ userId: owner.id }, "none", "desktop:*");
    expect(await levelOf(owner.id, screen)).toBe("manage");
  });

  test("the highest of all grants counts, and what denies wins but over owner and administrator", async () => {
    const desktop = await publish("a2", "lab-1");
    const [anna, op, admin] = [
      await addUser("anna"),
      await addUser("op", "operator"),
      await addUser("ad", "admin"),
    ];
    const [readers, writers] = [
      await stores.groups.add({ name: "readers" }),
      await stores.groups.add({ name: "writers" }),
    ];
    for (const { id } of [readers, writers]) await stores.groups.addMember(id, anna.id);
    await grant({ groupId: readers.id }, "see", "desktop:lab-1");
    await grant({ groupId: writers.id }, "control", "desktop:lab-*");
    expect(await levelOf(anna.id, desktop)).toBe("control");
    const denial = await grant({ groupId: readers.id }, "none", "host:office");
    expect(await levelOf(anna.id, desktop)).toBeNull();
    await stores.grants.remove(denial.id);
    expect(await levelOf(anna.id, desktop)).toBe("control");
    for (const { id } of [op, admin]) await grant({ userId: id }, "none", "desktop:*");
    expect([await levelOf(op.id, desktop), await levelOf(admin.id, desktop)]).toEqual([null, "manage"]);
  });

  test("another server's changes count within two seconds, and only for those whom they concern", async () => {
    const other = await database.open();
    const desktop = await publish("a2", "lab-1");
    const [anna, ben] = [await addUser("anna"), await addUser("ben")];
    const group = await stores.groups.add({ name: "Readers" });
    await stores.groups.addMember(group.id, anna.id);
    const changes: unknown[] = [];
    rights.onChange(({ everybody, userIds, groupIds }) =>
      changes.push([everybody, [...userIds], [...groupIds]]),
    );
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(false);
    await other.grants.add({
      holder: { groupId: group.id },
      may: "view",
      target: "desktop",
      pattern: "lab-1",
      createdBy: "admin",
    });
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(false);
    clock.advance(2_000);
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(true);
    expect(changes).toEqual([[false, [], [group.id]]]);
    await other.groups.removeMember(group.id, anna.id);
    await other.groups.addMember(group.id, ben.id);
    clock.advance(2_000);
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(false);
    expect(await rights.mayUse(ben.id, desktop, "view")).toBe(true);
    await other.groups.remove(group.id);
    await rights.refresh();
    expect(await rights.mayUse(ben.id, desktop, "view")).toBe(false);
    await other.users.setRole(ben.id, "operator");
    await rights.refresh();
    expect(await rights.mayUse(ben.id, desktop, "control")).toBe(true);
    await other.labels.set({ agentId: "a2" }, ["x"]);
    await rights.refresh();
    expect(changes.at(-1)).toEqual([true, [], []]);
  });

  test("labels are read once, and anew when another server has changed some", async () => {
    const other = await database.open();
    const desktop = await publish("a2", "lab-1");
    const anna = await addUser("anna");
    await grant({ userId: anna.id }, "view", "label:room-1");
    const reads = vi.spyOn(stores.labels, "listFew");
    await rights.refresh();
    for (const turn of ["first", "second", "third"])
      expect(await rights.mayUse(anna.id, desktop, "view"), turn).toBe(false);
    expect(reads).toHaveBeenCalledTimes(1);
    await other.labels.set({ agentId: "a2" }, ["room-1"]);
    clock.advance(2_000);
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(true);
    expect(reads).toHaveBeenCalledTimes(2);
    await other.labels.set({ agentId: "a2" }, []);
    await rights.refresh();
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(false);
  });

  test("more labels than are kept are read as they are needed", async () => {
    const desktop = await publish("a2", "lab-1");
    const anna = await addUser("anna");
    await grant({ userId: anna.id }, "view", "label:room-1");
    await stores.labels.set({ desktopId: desktop.id }, ["room-1", "windows"]);
    expect(await stores.labels.listFew(2)).toEqual(new Map([[desktop.id, ["room-1", "windows"]]]));
    expect(await stores.labels.listFew(1)).toBeNull();
    vi.spyOn(stores.labels, "listFew").mockResolvedValue(null);
    await rights.refresh();
    expect(await rights.mayUse(anna.id, desktop, "view")).toBe(true);
  });

  test("changes of many servers at once get numbers without gaps; forgotten ones make all be read again", async () => {
    const other = await database.open();
    const users = await Promise.all(
      ["a", "b", "c", "d", "e", "f"].map(addUser as (name: string) => ReturnType<typeof addUser>),
    );
    const group = await stores.groups.add({ name: "g" });
    const before = (await stores.grants.readChanges(-1))?.revision ?? 0;
    await Promise.all(
      users.map(({ id }, index) => (index % 2 === 0 ? stores : other).groups.addMember(group.id, id)),
    );
    const changes = await stores.grants.readChanges(before);
    expect(changes).toMatchObject({ revision: before + 6, everybody: false });
    expect(changes?.userIds).toEqual(new Set(users.map(({ id }) => id)));
    expect(await stores.grants.readChanges(before + 6)).toBeNull();
    await stores.grants.deleteChanges(database.clock.time + 1);
    expect(await stores.grants.readChanges(before)).toMatchObject({ revision: before + 6, everybody: true });
  });

  test("what is there already, or belongs to nobody, is refused", async () => {
    const anna = await addUser("anna");
    await grant({ userId: anna.id }, "view", "desktop:lab-1");
    await expect(grant({ userId: anna.id }, "view", "desktop:lab-1")).rejects.toMatchObject({
      code: "GRANT_EXISTS",
    });
    await grant({ userId: anna.id }, "control", "desktop:lab-1");
    await expect(grant({ groupId: "nobody" }, "view", "desktop:lab-1")).rejects.toMatchObject({
      code: "GRANT_HOLDER_UNKNOWN",
    });
    await stores.groups.add({ name: "Teachers" });
    await expect(stores.groups.add({ name: "teACHERS" })).rejects.toMatchObject({ code: "GROUP_EXISTS" });
    await stores.groups.add({ name: "t1", source: "ldap", knownAs: "cn=T" });
    await expect(stores.groups.add({ name: "t2", source: "ldap", knownAs: "CN=t" })).rejects.toMatchObject({
      code: "GROUP_EXISTS",
    });
    await expect(stores.groups.addMember("nobody", anna.id)).rejects.toMatchObject({
      code: "GROUP_MEMBER_UNKNOWN",
    });
    await expect(stores.labels.set({ agentId: "a9" }, ["x"])).rejects.toMatchObject({
      code: "AGENT_UNKNOWN",
    });
    await expect(stores.labels.set({ desktopId: "none" }, ["x"])).rejects.toMatchObject({
      code: "DESKTOP_UNKNOWN",
    });
  });

  test("groups of a provider: what is known here, and nothing else", async () => {
    const anna = await addUser("anna");
    const staff = await stores.groups.add({ name: "staff", source: "ldap", knownAs: "cn=staff,dc=x" });
    const lab = await stores.groups.add({ name: "lab", source: "ldap" });
    await stores.groups.add({ name: "own" });
    const known = await stores.groups.listKnown("ldap", ["CN=Staff,DC=x", "own", "cn=others,dc=x"]);
    expect(known).toEqual([{ id: staff.id, name: "staff" }]);
    await stores.groups.changeMemberships(anna.id, {
      enter: [staff.id, lab.id, "gone meanwhile"],
      leave: [],
    });
    await stores.groups.changeMemberships(anna.id, { enter: [staff.id], leave: [lab.id] });
    expect(await stores.groups.listOf(anna.id, "ldap")).toEqual([{ id: staff.id, name: "staff" }]);
    expect(await stores.groups.listMembers(staff.id, { limit: 10 })).toEqual([{ id: anna.id, name: "anna" }]);
    expect(await stores.groups.list({ search: "STAFF", limit: 10 })).toMatchObject([
      { name: "staff", members: 1 },
    ]);
    expect(await stores.groups.countMembers(staff.id)).toBe(1);
    expect(await stores.groups.countMembers(lab.id)).toBe(0);
    await stores.users.remove(anna.id);
    expect(await stores.groups.list({ limit: 10, after: "lab" })).toMatchObject([
      { name: "own", members: 0 },
      { name: "staff", members: 0 },
    ]);
  });

  test("a removed holder takes its grants along, and lists page in order", async () => {
    const anna = await addUser("anna");
    const group = await stores.groups.add({ name: "g" });
    const [first, second] = [
      await grant({ userId: anna.id }, "see", "desktop:a"),
      await grant({ groupId: group.id }, "see", "desktop:b"),
    ];
    const all = await stores.grants.list({ limit: 10 });
    expect(all.map(({ holderName }) => holderName).toSorted()).toEqual(["anna", "g"]);
    const [one] = await stores.grants.list({ limit: 1 });
    if (one === undefined) throw new Error("none");
    const rest = await stores.grants.list({ limit: 10, after: one });
    expect([one, ...rest].map(({ id }) => id).toSorted()).toEqual([first.id, second.id].toSorted());
    await stores.groups.addMember(group.id, anna.id);
    expect(await stores.grants.listReaching(anna.id, 10)).toHaveLength(2);
    await stores.groups.remove(group.id);
    await stores.users.remove(anna.id);
    expect(await stores.grants.list({ limit: 10 })).toEqual([]);
  });

  test("a group that is renamed keeps its people and grants, and its name of before is free", async () => {
    const anna = await addUser("anna");
    const group = await stores.groups.add({ name: "Lab" });
    const foreign = await stores.groups.add({ name: "staff", source: "ldap", knownAs: "cn=staff" });
    await stores.groups.addMember(group.id, anna.id);
    const renamed = await stores.groups.rename(group.id, "Workshop");
    expect(renamed).toMatchObject({ id: group.id, name: "Workshop", knownAs: "Workshop", version: 2 });
    expect(await stores.groups.find(group.id)).toEqual(renamed);
    expect(await stores.groups.findByName("workshop")).toEqual(renamed);
    expect(await stores.groups.listMembers(group.id, { limit: 9 })).toMatchObject([{ name: "anna" }]);
    await stores.groups.add({ name: "lab" });
    await expect(stores.groups.rename(group.id, "LAB")).rejects.toMatchObject({ code: "GROUP_EXISTS" });
    expect(await stores.groups.rename(foreign.id, "people")).toMatchObject({ knownAs: "cn=staff" });
    expect(await stores.groups.listKnown("ldap", ["cn=staff"])).toMatchObject([{ name: "people" }]);
    expect(await stores.groups.rename("none", "nobody")).toBeNull();
  });

  test("limits of groups come with the rights of their members", async () => {
    const anna = await addUser("anna");
    const group = await stores.groups.add({ name: "g", limits: { machines: 3 } });
    await stores.groups.addMember(group.id, anna.id);
    await rights.refresh();
    expect((await rights.of(anna.id))?.limits).toEqual([{ machines: 3 }]);
    await stores.groups.setLimits(group.id, { cpus: 4 });
    await rights.refresh();
    expect((await rights.of(anna.id))?.limits).toEqual([{ cpus: 4 }]);
    await stores.groups.setLimits(group.id, {});
    await rights.refresh();
    expect((await rights.of(anna.id))?.limits).toEqual([]);
  });

  test("an image that somebody was granted is for those alone", async () => {
    const [anna, ben] = [await addUser("anna"), await addUser("ben")];
    const on = (name: string) => [{ target: "image", name }] as const;
    const may = async (userId: string, name: string) => {
      await rights.refresh();
      return (await rights.of(userId))?.mayCreate(on(name), await rights.isReserved(on(name)));
    };
    expect(await may(ben.id, "windows-11")).toBe(true);
    await grant({ userId: anna.id }, "create", "image:windows-*");
    expect([await may(anna.id, "windows-11"), await may(ben.id, "windows-11")]).toEqual([true, false]);
    expect(await may(ben.id, "debian")).toBe(true);
    await grant({ userId: anna.id }, "none", "image:windows-11");
    expect([await may(anna.id, "windows-11"), await may(anna.id, "windows-10")]).toEqual([false, true]);
  });
});
