import { expect, test } from "vitest";
import { RequestError } from "../../../../../protocol/index.ts";
import type { Allowance, Image, Machine } from "../../../../../web/index.ts";
import { MEMTEST, openWebFixture, makeMachineStatus } from "../../../../support/web-fixture.ts";

const MACHINES = "/api/v1/machines";
const SNAPSHOT = { name: "before", createdAt: 1, withMemory: true, bytes: 7 };

type Answers = Parameters<Awaited<ReturnType<typeof openWebFixture>>["proxy"]["connectHost"]>[1];

async function open(answers: Answers = {}, limits: unknown = {}) {
  const fixture = await openWebFixture({ limits });
  const { stores } = fixture.proxy;
  await stores.machines.add({
    ...{ id: "m1", name: "m", image: MEMTEST.id, ownerId: fixture.annaId, state: "queued" },
    ...{ cpus: 1, memoryMb: 256 },
  });
  await stores.machines.update("m1", { agentId: "h1", state: "running" });
  fixture.proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus("m1", { state: "running" })],
    ...answers,
  });
  const as = await fixture.signIn("anna");
  const act = (method: string, path: string, body?: unknown) =>
    fixture.ask(method, `${MACHINES}/m1/${path}`, { as, body });
  const audited = () => fixture.proxy.audited.map(({ action }) => action);
  return { ...fixture, stores, as, act, audited };
}

test.each([
  ["pause", "machine.pause", "paused"],
  ["resume", "machine.resume", "running"],
  ["reset", "machine.reset", "booting"],
  ["keep", "machine.keep", "running"],
  ["save", "machine.save", "saving"],
] as const)("%s is told to the host, and its answer is kept and written down", async (act, method, state) => {
  const world = await open({ [method]: () => makeMachineStatus("m1", { state, progress: 0.254 }) });
  expect(await world.act("POST", act)).toMatchObject({ status: 200, body: { state, progress: 0.25 } });
  expect(await world.stores.machines.find("m1")).toMatchObject({ state });
  expect(world.audited()).toContain(method);
});

test("a machine that is asked to shut down says when it is switched off, until it is kept on", async () => {
  let left = 30_000;
  const { act, clock, stores } = await open({
    "machine.stop": () => makeMachineStatus("m1", { state: "stopping", powerOffInMs: left }),
    "machine.keep": () => makeMachineStatus("m1", { state: "running" }),
  });
  const at = clock.now() + 30_000;
  expect((await act("POST", "stop")).body).toMatchObject({ state: "stopping", powerOffAt: at });
  clock.advance(1000);
  left = 29_500;
  expect((await act("POST", "stop")).body).toMatchObject({ powerOffAt: at });
  left = 10_000;
  expect((await act("POST", "stop")).body).toMatchObject({ powerOffAt: clock.now() + 10_000 });
  expect((await act("POST", "keep")).body).toMatchObject({ state: "running", powerOffAt: null });
  await stores.machines.beginEnding("m1", "lifetime");
  expect(await act("POST", "keep")).toMatchObject({
    status: 409,
    body: { error: { code: "MACHINE_ENDING" } },
  });
});

test("snapshots are taken, listed, gone back to and removed", async () => {
  const asked: unknown[] = [];
  const { act, audited } = await open({
    "machine.snapshots": () => [SNAPSHOT],
    "machine.snapshot": (params) => (asked.push(params), [SNAPSHOT]),
    "machine.restore": (params) => (asked.push(params), makeMachineStatus("m1", { state: "running" })),
    "machine.snapshot-remove": (params) => (asked.push(params), []),
  });
  expect((await act("GET", "snapshots")).body).toEqual([SNAPSHOT]);
  expect((await act("POST", "snapshots", { name: "before" })).body).toEqual([SNAPSHOT]);
  expect((await act("POST", "snapshots/before/restore")).body).toMatchObject({ id: "m1", state: "running" });
  expect((await act("DELETE", "snapshots/before")).body).toEqual([]);
  expect(asked).toEqual(Array(3).fill({ id: "m1", name: "before" }));
  expect(audited()).toEqual(
    expect.arrayContaining(["machine.snapshot", "machine.restore", "snapshot.remove"]),
  );
  expect((await act("POST", "snapshots", { name: "../x" })).status).toBe(400);
});

test("the boot log is read, and who read it is written down", async () => {
  const { act, audited } = await open({ "machine.boot-log": () => ({ text: "login:", truncated: true }) });
  expect((await act("GET", "boot-log")).body).toEqual({ text: "login:", truncated: true });
  expect(audited()).toContain("machine.log");
});

test("the secret of its boot scripts is told to a machine's owner alone, and written down nowhere", async () => {
  const { act, ask, as, askLocally, audited, clock, proxy, stores } = await open({
    "image.list": () => [{ ...MEMTEST, script: "cloud-init" }],
    "machine.credential": () => ({ credential: "sEcReT234" }),
  });
  expect((await ask("GET", "/api/v1/images", { as })).status).toBe(200);
  const own = await act("GET", "credential");
  expect(own).toMatchObject({ status: 200, body: { credential: "sEcReT234" } });
  expect(own.headers["cache-control"]).toBe("no-store");
  expect(audited()).toContain("machine.credential");
  expect((await ask("GET", `${MACHINES}/m1`, { as })).body).toMatchObject({ credential: true });

  const seen = await askLocally("GET", `${MACHINES}/m1`);
  expect(seen).toMatchObject({ status: 200, body: { credential: false } });
  const refused = await askLocally("GET", `${MACHINES}/m1/credential`);
  expect(refused).toMatchObject({ status: 403, body: { error: { code: "CREDENTIAL_FORBIDDEN" } } });
  clock.advance(600_000);
  expect(await act("GET", "credential")).toMatchObject({
    status: 403,
    body: { error: { code: "CONFIRM_REQUIRED" } },
  });
  const kept = [proxy.audited, await stores.machines.list(), seen.body, refused.body];
  expect(JSON.stringify(kept)).not.toContain("sEcReT234");
});

test("only administrators make an image of a machine", async () => {
  const { act, askLocally, audited } = await open({ "machine.save-as-image": () => MEMTEST });
  const body = { image: "mine", title: "Mine" };
  expect((await act("POST", "save-as-image", body)).status).toBe(403);
  const made = await askLocally("POST", `${MACHINES}/m1/save-as-image`, body);
  expect(made).toMatchObject({ status: 201, body: { id: MEMTEST.id } });
  expect(audited()).toContain("machine.image");
});

test.each(["pause", "save"])("a host of an older release cannot %s, and says so clearly", async (act) => {
  const older = () => {
    throw new RequestError("METHOD_UNKNOWN", "unknown method");
  };
  const world = await open({ "machine.pause": older, "machine.save": older });
  expect(await world.act("POST", act)).toMatchObject({
    status: 409,
    body: {
      error: {
        code: "HOST_OUTDATED",
        message:
          "The machine's host is older than this server and cannot do this. Its administrator can update it.",
      },
    },
  });
});

test("a machine that no host has yet cannot be paused; somebody else's is none", async () => {
  const { act, ask, signIn, stores } = await open();
  await stores.machines.update("m1", { agentId: null, state: "queued" });
  expect(await act("POST", "pause")).toMatchObject({ body: { error: { code: "MACHINE_NOT_PLACED" } } });
  const ben = await signIn("ben");
  expect((await ask("GET", `${MACHINES}/m1/credential`, { as: ben })).status).toBe(404);
  for (const path of ["pause", "save", "extend", "close", "snapshots"])
    expect((await ask("POST", `${MACHINES}/m1/${path}`, { as: ben, body: { name: "x" } })).status).toBe(404);
});

test("what one may have is told, and more is refused before anything is made", async () => {
  const limits = { roles: { user: { machines: 2, cpus: 3, lifetimeSeconds: 3600 } } };
  const { ask, as, stores } = await open({ "image.list": () => [MEMTEST] }, limits);
  const allowance = (await ask("GET", "/api/v1/allowance", { as })).body as Allowance;
  expect(allowance).toEqual({
    limits: { machines: 2, cpus: 3, memoryMb: null, diskGb: null, lifetimeSeconds: 3600 },
    used: { machines: 1, cpus: 1, memoryMb: 256, diskGb: 0 },
    may: ["internet", "extend"],
  });
  const order = (body: object) => ask("POST", MACHINES, { as, body: { image: MEMTEST.id, ...body } });
  expect(await order({ cpus: 3 })).toMatchObject({ status: 403, body: { error: { code: "LIMIT_CPUS" } } });
  expect(await order({ script: "bash: id" })).toMatchObject({
    body: { error: { code: "SCRIPT_FORBIDDEN" } },
  });
  expect(await order({ master: true })).toMatchObject({ body: { error: { code: "MASTER_FORBIDDEN" } } });
  // Of orders that come at once, no more succeed than there is room for.
  const statuses = (await Promise.all([order({}), order({}), order({})])).map(({ status }) => status);
  expect(statuses.sort()).toEqual([201, 403, 403]);
  expect(await stores.machines.list()).toHaveLength(2);
});

test("what was asked for goes to the host as it was, with its owner's name", async () => {
  const asked: unknown[] = [];
  const { ask, askLocally, as, stores } = await open({
    "image.list": () => [{ ...MEMTEST, networks: ["none", "isolated", "internet"] }],
    "machine.create": (params) => (asked.push(params), makeMachineStatus(params.id)),
  });
  const wish = {
    ...{ diskGb: 40, dataDisk: { name: "home", sizeGb: 5 }, script: "bash: echo", display: "virtio" },
    ...{ monitors: 2, keymap: "fr", network: "internet", gpu: "mdev", master: true, emptyDisk: true },
  };
  await stores.agents.add({ id: "h1", name: "h1", kind: "host", admitted: true, publicKey: "k" });
  await askLocally("POST", MACHINES, { image: MEMTEST.id, name: "big", ...wish });
  await expect.poll(() => asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ name: "big", owner: "admin", ...wish });
  await ask("POST", MACHINES, { as, body: { image: MEMTEST.id, name: "plain" } });
  await expect.poll(() => asked).toHaveLength(2);
  expect(Object.keys(asked[1] as object).sort()).toEqual([
    "cpus",
    "id",
    "image",
    "memoryMb",
    "name",
    "owner",
  ]);
});

test("images for others are not shown", async () => {
  const images = [MEMTEST, { ...MEMTEST, id: "secret", allow: ["user:ben"] }];
  const { ask, as, signIn } = await open({ "image.list": () => images });
  const list = async (cookie: string) =>
    ((await ask("GET", "/api/v1/images", { as: cookie })).body as Image[]).map(({ id }) => id);
  expect(await list(as)).toEqual([MEMTEST.id]);
  expect(await list(await signIn("ben"))).toEqual([MEMTEST.id, "secret"]);
  const order = await ask("POST", MACHINES, { as, body: { image: "secret" } });
  expect(order).toMatchObject({ status: 403, body: { error: { code: "IMAGE_FORBIDDEN" } } });
  const made = (await ask("POST", MACHINES, { as: await signIn("ben"), body: { image: "secret" } })).body;
  expect((made as Machine).state).toBe("queued");
});
