import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import type { HostFacts } from "../../../../protocol/index.ts";
import { openStores } from "../../../../proxy/index.ts";
import type { Host, Machine } from "../../../../web/index.ts";
import { FakeProxy } from "../../../support/fake-proxy.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MEMTEST, openWebFixture, makeMachineStatus } from "../../../support/web-fixture.ts";
import { openWebAndOrchestrator } from "../../../support/open-web-and-orchestrator.ts";

const MACHINES = "/api/v1/machines";

function facts(change: Partial<HostFacts> = {}): HostFacts {
  return {
    cpus: 8,
    memoryMb: { total: 4096, free: 4096 },
    diskMb: { total: 100_000, free: 50_000 },
    load: 0,
    instances: { running: 0, max: 8 },
    accel: "kvm",
    gpus: [],
    dataDisks: [],
    ...change,
  };
}

function host(change: Partial<HostFacts> = {}) {
  return {
    "image.list": () => [MEMTEST],
    "host.facts": () => facts(change),
    "machine.create": ({ id, name }: { id: string; name: string }) => makeMachineStatus(id, { name }),
  };
}

async function open() {
  const fixture = await openWebFixture();
  const anna = await fixture.signIn("anna");
  const create = async (body: object = {}) =>
    (await fixture.ask("POST", MACHINES, { as: anna, body: { image: MEMTEST.id, ...body } })).body as Machine;
  const show = async (id: string, as = anna) =>
    (await fixture.ask("GET", `${MACHINES}/${id}`, { as })).body as Machine;
  const hostOf = async (id: string) => (await fixture.proxy.stores.machines.find(id))?.agentId;
  return { ...fixture, anna, create, show, hostOf };
}

test("the full host is passed over, and is not even asked", async () => {
  const { proxy, create, hostOf } = await open();
  proxy.connectHost("full", host({ memoryMb: { total: 4096, free: 100 } }));
  proxy.connectHost("roomy", host());
  const { id } = await create({ memoryMb: 2048 });
  await vi.waitFor(async () => expect(await hostOf(id)).toBe("roomy"));
  expect(proxy.count("full", "machine.create")).toBe(0);
});

test("where nobody can, it waits, and says of each host why; names are for administrators", async () => {
  const { proxy, clock, create, show, signIn } = await open();
  const { agents } = proxy.stores;
  await agents.add({ id: "dead", name: "rack-9", kind: "host", admitted: true, publicKey: "k" });
  await agents.release("dead", await agents.claim("dead", "server-1", "host"));
  proxy.connectHost("h1", host({ memoryMb: { total: 4096, free: 1229 } }));
  const { id } = await create({ memoryMb: 2048 });
  await vi.waitFor(async () =>
    expect(await show(id)).toMatchObject({
      state: "queued",
      reason: "No host has room for it now. It starts as soon as one has.",
      tried: [
        { host: null, why: "memory 1.2 of 4 GB free" },
        { host: null, why: "down since 00:00 UTC" },
      ],
    }),
  );
  const names = (await show(id, await signIn("admin"))).tried.map((tried) => tried.host);
  expect(names).toEqual(["name-of-h1", "rack-9"]);
  proxy.connectHost("h2", host());
  await vi.waitFor(async () => expect(await show(id)).toMatchObject({ state: "preparing", tried: [] }));
  expect(clock.pending).toBeLessThan(6);
});

test("what no host that is there can ever hold has failed", async () => {
  const { proxy, create, show } = await open();
  proxy.connectHost("h1", host());
  const { id } = await create({ memoryMb: 8192 });
  await vi.waitFor(async () =>
    expect(await show(id)).toMatchObject({
      state: "failed",
      reason: "No host is large enough for it. Choose less.",
      tried: [{ host: null, why: "memory 4 GB in all" }],
    }),
  );
});

test("a data disk draws its machine to its host, and keeps it from others while that is away", async () => {
  const { proxy, create, show, hostOf, ask, anna } = await open();
  const { agents } = proxy.stores;
  for (const id of ["h1", "h2"])
    await agents.add({ id, name: id, kind: "host", admitted: true, publicKey: "k" });
  const claim = await agents.claim("h1", "server-1", "host");
  proxy.connectHost(
    "h1",
    host({ dataDisks: ["anna/home", "ben/home"], memoryMb: { total: 4096, free: 600 } }),
  );
  proxy.connectHost("h2", host());
  const dataDisk = { name: "home", sizeGb: 5 };
  const { id } = await create({ dataDisk });
  await vi.waitFor(async () => expect(await hostOf(id)).toBe("h1"));
  const second = await ask("POST", MACHINES, { as: anna, body: { image: MEMTEST.id, dataDisk } });
  expect(second).toMatchObject({ status: 409, body: { error: { code: "DATA_DISK_IN_USE" } } });
  await proxy.stores.machines.update(id, { state: "stopped" });
  await agents.release("h1", claim);
  proxy.disconnect("h1");
  const third = await create({ dataDisk });
  await vi.waitFor(async () =>
    expect(await show(third.id)).toMatchObject({
      state: "queued",
      reason:
        "The data disk home lies on a host that is down since 00:00 UTC. The machine starts as soon as that host is back.",
      tried: [{ host: null, why: "down since 00:00 UTC; the data disk is there" }],
    }),
  );
  expect(proxy.count("h2", "machine.create")).toBe(0);
  // A machine that was off while its disk's host went away is told the same.
  await proxy.stores.machines.update(third.id, { state: "stopped", agentId: "h2" });
  expect(await ask("POST", `${MACHINES}/${third.id}/start`, { as: anna })).toMatchObject({
    status: 503,
    body: { error: { code: "DATA_DISK_AWAY", message: expect.stringContaining("down since") as string } },
  });
});

test("a drained host keeps what it has and gets nothing new, until it may again", async () => {
  const { proxy, create, show, ask, askLocally, hostOf, anna } = await open();
  await proxy.stores.agents.add({ id: "h1", name: "rack-1", kind: "host", admitted: true, publicKey: "k" });
  proxy.connectHost("h1", host());
  const drained = await askLocally("POST", "/api/v1/hosts/h1/drain", { drained: true });
  expect(drained).toMatchObject({ status: 200, body: { name: "rack-1", state: "online", drained: true } });
  const { id } = await create();
  await vi.waitFor(async () => expect((await show(id)).tried[0]?.why).toBe("takes no new machines"));
  await askLocally("POST", "/api/v1/hosts/h1/drain", { drained: false });
  await vi.waitFor(async () => expect(await hostOf(id)).toBe("h1"));
  const [row] = (await askLocally("GET", "/api/v1/hosts")).body as Host[];
  expect(row).toMatchObject({ drained: false, machines: 1, facts: { load: 0 } });
  expect(proxy.audited.map(({ action }) => action)).toEqual(
    expect.arrayContaining(["host.drain", "host.undrain"]),
  );
  expect((await ask("GET", "/api/v1/hosts", { as: anna })).status).toBe(403);
  const unknown = await askLocally("POST", "/api/v1/hosts/none/drain", { drained: true });
  expect(unknown).toMatchObject({ status: 404, body: { error: { code: "HOST_UNKNOWN" } } });
});

test("two servers on one database place each waiting machine once", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-two-"));
  const clock = new ManualClock();
  const openState = () => openStores({ database: `sqlite:${dir}/db`, masterKey: Buffer.alloc(32, 7) }, clock);
  const states = [await openState(), await openState()];
  for (let n = 0; n < 8; n += 1)
    await states[0]!.machines.add({
      ...{ id: `m${n}`, name: `m${n}`, image: MEMTEST.id, ownerId: "u" },
      ...{ state: "queued", cpus: 1, memoryMb: 64 },
    });
  const proxies = states.map((stores, index) => new FakeProxy(stores, `server-${index + 1}`));
  for (const [index, proxy] of proxies.entries()) {
    await states[0]!.agents.add({
      id: `h${index}`,
      name: `h${index}`,
      kind: "host",
      admitted: true,
      publicKey: "k",
    });
    proxy.connectHost(`h${index}`, host());
  }
  const webs = await Promise.all(
    proxies.map((proxy, index) =>
      openWebAndOrchestrator({
        ...{ proxy, adminSocket: path.join(dir, `${index}.sock`), clientDir: dir, clock },
        log: pino({ level: "silent" }),
      }),
    ),
  );
  onTestFinished(async () => {
    for (const web of webs) await web.close();
    for (const stores of states) await stores.close();
    await rm(dir, { recursive: true });
  });
  await vi.waitFor(
    async () => {
      const machines = await states[0]!.machines.list();
      expect(machines.map(({ state }) => state)).toEqual(Array(8).fill("preparing"));
    },
    { timeout: 15_000 },
  );
  const asked = proxies.flatMap((proxy) => proxy.asked.filter((line) => line.endsWith("machine.create")));
  expect(asked).toHaveLength(8);
  // What another server queues later is found, too, by the one that has hosts.
  await states[1]!.machines.add({
    ...{ id: "late", name: "late", image: MEMTEST.id, ownerId: "u", state: "queued", cpus: 1, memoryMb: 64 },
  });
  await vi.waitFor(async () => {
    clock.advance(5000);
    expect(await states[0]!.machines.find("late")).toMatchObject({ state: "preparing" });
  });
});

test("a host's free memory that moves changes nothing for those who wait, and nothing is written for them", async () => {
  const { proxy, clock, create, show } = await open();
  let free = 100;
  proxy.connectHost("h1", {
    ...host(),
    "host.facts": () => facts({ memoryMb: { total: 4096, free: ++free } }),
  });
  const made = [await create({ memoryMb: 2048 }), await create({ memoryMb: 2048 })];
  for (const { id } of made)
    await vi.waitFor(async () => expect((await show(id)).tried[0]?.why).toBe("memory 0.1 of 4 GB free"));
  const { machines } = proxy.stores;
  const [claims, updates] = [vi.spyOn(machines, "claim"), vi.spyOn(machines, "update")];
  const lists = vi.spyOn(machines, "listPending");
  free = 1_500;
  clock.advance(30_000);
  // Before and after the machines that wait have been gone through; the machines that end are looked for, too.
  await vi.waitFor(() => expect(lists.mock.calls.length).toBeGreaterThanOrEqual(3));
  await new Promise(setImmediate);
  expect(free).toBeGreaterThan(1_500);
  expect([claims.mock.calls.length, updates.mock.calls.length]).toEqual([0, 0]);
  // Another reason is told.
  proxy.connectHost("h1", host({ memoryMb: { total: 4096, free: 4096 }, instances: { running: 8, max: 8 } }));
  for (const { id } of made)
    await vi.waitFor(async () => expect((await show(id)).tried[0]?.why).toBe("8 of 8 machines run"));
});

test("what is asked for while the machines that wait are gone through is done in one more run", async () => {
  const { proxy, create } = await open();
  const { machines } = proxy.stores;
  const read = machines.listPending.bind(machines);
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  const runs = vi.spyOn(machines, "listPending").mockImplementationOnce(async () => {
    await held;
    return read();
  });
  const made = [await create(), await create(), await create(), await create(), await create()];
  expect(runs).toHaveBeenCalledTimes(1);
  go();
  await vi.waitFor(() => expect(runs).toHaveBeenCalledTimes(4), { timeout: 10_000 });
  for (const { id } of made) expect((await machines.find(id))?.reason).toMatch(/No host is connected/);
  expect(runs).toHaveBeenCalledTimes(4);
});
