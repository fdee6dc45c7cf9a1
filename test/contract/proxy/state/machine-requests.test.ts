import { afterEach, beforeEach, expect, test } from "vitest";
import type { MachineOptions, Stores } from "../../../../proxy/index.ts";
import { type TestDatabase, describeDatabases } from "./databases.ts";

const WISH: MachineOptions = {
  diskGb: 40,
  master: false,
  dataDisk: { name: "home", sizeGb: 5 },
  script: "bash: echo 'été'\n",
  display: "virtio",
  monitors: 2,
  keymap: "fr",
  network: "internet",
  gpu: "mdev",
  emptyDisk: true,
};
const QUEUED = { image: "i", ownerId: "u", state: "queued", cpus: 2, memoryMb: 512 } as const;

describeDatabases("orders of machines", (makeDatabase) => {
  let database: TestDatabase;
  let stores: Stores;
  let other: Stores;
  let now: number;
  beforeEach(async () => {
    database = await makeDatabase();
    stores = await database.open();
    other = await database.open();
    now = database.clock.time;
    await stores.machines.add({ ...QUEUED, id: "m1", name: "vm" });
  });
  afterEach(() => database.close());

  test("all that was asked for comes back as it was", async () => {
    const made = await stores.machines.add({
      ...QUEUED,
      id: "m2",
      name: "two",
      wish: WISH,
      oneShot: true,
      lifetimeMs: 2 ** 36,
    });
    expect(made).toMatchObject({ wish: WISH, oneShot: true, lifetimeMs: 2 ** 36 });
    expect(await other.machines.find("m2")).toEqual(made);
  });

  test("what becomes of it is kept and taken back", async () => {
    const change = {
      expiresAt: now + 2 ** 36,
      idleSince: now,
      viewed: true,
      saved: true,
      progress: 0.42,
      cause: { code: "QEMU_MISSING", details: { package: "qemu-system-x86" } },
      tried: [{ host: "rack-1", why: "memory 1.2 of 4 GB free" }],
    };
    expect(await stores.machines.update("m1", change)).toMatchObject(change);
    expect(await other.machines.find("m1")).toMatchObject(change);
    const back = {
      expiresAt: null,
      idleSince: null,
      viewed: false,
      saved: false,
      powerOffAt: null,
      progress: null,
      tried: [],
      cause: null,
    };
    expect(await stores.machines.update("m1", back)).toMatchObject(back);
  });

  test("of two servers that want to place a machine, one gets it", async () => {
    const until = now + 1000;
    const claims = await Promise.all([
      stores.machines.claim("m1", "s1", until),
      other.machines.claim("m1", "s2", until),
    ]);
    expect(claims.filter((claim) => claim !== null)).toMatchObject([{ id: "m1", state: "queued" }]);
    const winner = claims[0] === null ? "s2" : "s1";
    const loser = claims[0] === null ? "s1" : "s2";
    expect(await stores.machines.claim("m1", loser, until)).toBeNull();
    expect(await stores.machines.claim("m1", winner, until)).toMatchObject({ id: "m1" });
    await stores.machines.release("m1", loser);
    expect(await stores.machines.claim("m1", loser, until)).toBeNull();
    await stores.machines.release("m1", winner);
    expect(await stores.machines.claim("m1", loser, until)).toMatchObject({ id: "m1" });
  });

  test("a claim of a server that died runs out", async () => {
    await stores.machines.claim("m1", "s1", now + 1000);
    database.clock.time = now + 999;
    expect(await other.machines.claim("m1", "s2", now + 2000)).toBeNull();
    database.clock.time = now + 1000;
    expect(await other.machines.claim("m1", "s2", now + 2000)).toMatchObject({ id: "m1" });
  });

  test("what has a host, or waits no longer, cannot be claimed", async () => {
    await stores.machines.update("m1", { agentId: "h1" });
    expect(await stores.machines.claim("m1", "s1", now + 1)).toBeNull();
    await stores.machines.update("m1", { agentId: null, state: "stopped" });
    expect(await stores.machines.claim("m1", "s1", now + 1)).toBeNull();
    expect(await stores.machines.claim("none", "s1", now + 1)).toBeNull();
  });

  test("one server alone ends a machine, and one alone warns of it", async () => {
    const endings = [stores.machines.beginEnding("m1", "lifetime"), other.machines.beginEnding("m1", "idle")];
    expect((await Promise.all(endings)).filter(Boolean)).toHaveLength(1);
    const warnings = [stores.machines.beginWarning("m1"), other.machines.beginWarning("m1")];
    expect((await Promise.all(warnings)).filter(Boolean)).toHaveLength(1);
    expect(await stores.machines.find("m1")).toMatchObject({ warnedAt: now });
    await stores.machines.update("m1", { ending: null, warnedAt: null });
    expect(await stores.machines.beginEnding("m1", "closed")).toBe(true);
    expect(await other.machines.find("m1")).toMatchObject({ ending: "closed" });
  });

  test("a host is drained until it is not; one that is revoked cannot be", async () => {
    await stores.agents.add({ id: "h1", name: "rack-1", kind: "host", admitted: true, publicKey: "k" });
    expect(await stores.agents.setDrained("h1", true)).toMatchObject({ drainedAt: now });
    expect(await stores.agents.setDrained("h1", false)).toMatchObject({ drainedAt: null });
    await expect(stores.agents.setDrained("none", true)).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
    await stores.agents.revoke("h1");
    await expect(stores.agents.setDrained("h1", true)).rejects.toMatchObject({ code: "AGENT_REVOKED" });
  });

  test("a data disk lies where it was made, until its host says otherwise or is revoked", async () => {
    for (const id of ["h1", "h2"])
      await stores.agents.add({ id, name: id, kind: "host", admitted: true, publicKey: "k" });
    const { dataDisks } = stores;
    expect(await dataDisks.find("anna/home")).toBeNull();
    await dataDisks.place("anna/home", "h1");
    const keep = (id: string, names: string[]) => dataDisks.applyHostReports(new Map([[id, names]]));
    await keep("h2", ["anna/home", "ben/home"]);
    expect(await other.dataDisks.find("anna/home")).toBe("h1");
    expect(await other.dataDisks.find("ben/home")).toBe("h2");
    await keep("h1", ["anna/home", "anna/work"]);
    expect(await dataDisks.find("anna/work")).toBe("h1");
    await dataDisks.place("anna/work", "h2");
    expect(await dataDisks.find("anna/work")).toBe("h2");
    await keep("h1", []);
    expect(await dataDisks.find("anna/home")).toBeNull();
    // It went from one host to the other between two looks, and is nowhere else at any time.
    await dataDisks.place("anna/home", "h1");
    await dataDisks.applyHostReports(
      new Map([
        ["h2", ["anna/home", "anna/work", "ben/home"]],
        ["h1", []],
      ]),
    );
    expect(await other.dataDisks.find("anna/home")).toBe("h2");
    await stores.agents.revoke("h2");
    expect(await dataDisks.find("ben/home")).toBeNull();
  });
});
