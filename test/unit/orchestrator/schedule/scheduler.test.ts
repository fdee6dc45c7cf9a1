import { expect, test, vi } from "vitest";
import {
  LaunchError,
  LimitError,
  RequestError,
  TimeoutError,
  type MachineStatus,
} from "../../../../protocol/index.ts";
import type { Machine } from "../../../../web/index.ts";
import { MEMTEST, openWebFixture, makeMachineStatus, type WebFixture } from "../../../support/web-fixture.ts";

const MACHINES = "/api/v1/machines";

async function open(options: { readonly limits?: object } = {}) {
  const fixture = await openWebFixture(options);
  const as = await fixture.signIn("anna");
  const create = async (body: object) => (await fixture.ask("POST", MACHINES, { as, body })).body as Machine;
  const show = async (id: string) => (await fixture.ask("GET", `${MACHINES}/${id}`, { as })).body as Machine;
  const act = (method: string, path: string, body?: unknown) =>
    fixture.ask(method, `${MACHINES}/${path}`, { as, body });
  const until = (id: string, expected: Partial<Machine>) =>
    vi.waitFor(async () => expect(await show(id)).toMatchObject(expected));
  return { ...fixture, as, create, show, act, until };
}

/** A host that takes every machine and answers with what it was given. */
const willing = {
  "image.list": () => [MEMTEST],
  "machine.create": (request: { id: string; name: string; cpus?: number | undefined }): MachineStatus =>
    makeMachineStatus(request.id, { name: request.name, cpus: request.cpus ?? 1 }),
};

function offering(create: () => never) {
  return { ...willing, "machine.create": create };
}

function recordOf({ proxy }: WebFixture, id: string) {
  return proxy.stores.machines.find(id);
}

test("a machine is answered queued at once, and then a host takes it", async () => {
  const { proxy, ask, as, until } = await open();
  proxy.connectHost("h1", willing);
  const answer = await ask("POST", MACHINES, { as, body: { image: MEMTEST.id, cpus: 2 } });
  expect(answer).toMatchObject({
    status: 201,
    body: {
      name: "memtest86plus-1",
      imageTitle: "Memtest86+",
      owner: "anna",
      state: "queued",
      cpus: 2,
      memoryMb: 256,
      desktop: "memtest86plus-1",
      desktopId: null,
    },
  });
  await until((answer.body as Machine).id, { state: "preparing", reason: null, cpus: 2 });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "machine.create", outcome: "success" });
});

test("names are IMAGE-N with the smallest free N; a taken name is refused", async () => {
  const { create, act, ask, as } = await open();
  const names: string[] = [];
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const { id, name } = await create({ image: "debian" });
    names.push(name);
    ids.push(id);
  }
  expect(names).toEqual(["debian-1", "debian-2", "debian-3"]);
  await act("DELETE", ids[1]!);
  expect((await create({ image: "debian" })).name).toBe("debian-2");
  const taken = await ask("POST", MACHINES, { as, body: { image: "debian", name: "debian-1" } });
  expect(taken).toMatchObject({ status: 409, body: { error: { code: "MACHINE_NAME_TAKEN" } } });
});

test("the names of a machine's further screens are taken as well, whichever came first", async () => {
  const { create, ask, as } = await open();
  const order = (name: string, monitors: number) =>
    ask("POST", MACHINES, { as, body: { image: "debian", name, monitors } });
  const taken = { status: 409, body: { error: { code: "MACHINE_NAME_TAKEN" } } };
  await create({ image: "debian", name: "lab", monitors: 2 });
  expect(await order("lab-2", 1)).toMatchObject(taken);
  expect(await order("lab-3", 1)).toMatchObject({ status: 201 });
  await create({ image: "debian", name: "desk-2" });
  expect(await order("desk", 2)).toMatchObject(taken);
  expect(await order("desk", 1)).toMatchObject({ status: 201 });
});

test("machines that are made at once get different names", async () => {
  const { create } = await open();
  const made = await Promise.all(Array.from({ length: 8 }, () => create({ image: "debian" })));
  expect(new Set(made.map(({ name }) => name)).size).toBe(8);
});

test("no host: it stays queued and says so, and starts when one connects", async () => {
  const { proxy, create, until } = await open();
  const { id } = await create({ image: MEMTEST.id });
  const cause = { code: "NO_HOST", details: {} };
  await until(id, {
    state: "queued",
    reason: "No host is connected. The machine starts as soon as one is.",
    cause,
  });
  proxy.connectHost("h1", willing);
  await until(id, { state: "preparing", reason: null, cause: null });
});

test("an image that no connected host offers is refused", async () => {
  const { proxy, ask, as } = await open();
  proxy.connectHost("h1", willing);
  const answer = await ask("POST", MACHINES, { as, body: { image: "nothing" } });
  expect(answer).toMatchObject({ status: 404, body: { error: { code: "IMAGE_UNKNOWN" } } });
});

test("an image that nobody has, once all hosts are here: it failed, and says so; a start tries again", async () => {
  const { proxy, create, until, act } = await open();
  const { id } = await create({ image: "mistyped" });
  await until(id, { state: "queued" });
  proxy.connectHost("h1", willing);
  await until(id, {
    state: "failed",
    reason: "No host has the image mistyped, and neither has the server. Choose another one.",
    cause: { code: "IMAGE_NOWHERE", details: { image: "mistyped" } },
  });
  proxy.connectHost("h2", { ...willing, "image.list": () => [{ ...MEMTEST, id: "mistyped" }] });
  await act("POST", `${id}/start`);
  await until(id, { state: "preparing" });
});

test("while a host is away that may have the image, the machine waits for it", async () => {
  const { proxy, create, until } = await open();
  const { agents } = proxy.stores;
  await agents.add({ id: "away", name: "away", kind: "host", admitted: true, publicKey: "k" });
  const { id } = await create({ image: "elsewhere" });
  proxy.connectHost("h1", willing);
  await until(id, { state: "queued", cause: { code: "NO_HOST_OFFERS", details: { image: "elsewhere" } } });
});

test("a disk counts as large as its image is, whatever was asked; an installation image's as asked", async () => {
  const { proxy, create, ...rest } = await open();
  const large = { ...MEMTEST, id: "large", diskGb: { default: 200, min: 200 } };
  proxy.connectHost("h1", { ...willing, "image.list": () => [large, MEMTEST] });
  const diskOf = async (body: object) =>
    (await recordOf({ proxy, ...rest } as WebFixture, (await create(body)).id))?.wish.diskGb;
  expect(await diskOf({ image: "large" })).toBe(200);
  expect(await diskOf({ image: MEMTEST.id, diskGb: 5 })).toBe(5);
  expect(await diskOf({ image: MEMTEST.id })).toBeUndefined();
});

test("a machine that was asked for while no host was here counts as large as its image is", async () => {
  const { proxy, create, until, ...rest } = await open({
    limits: { roles: { user: { diskGb: 300 } } },
  });
  const first = await create({ image: "large" });
  rest.clock.advance(1);
  const second = await create({ image: "large" });
  const large = { ...MEMTEST, id: "large", diskGb: { default: 200, min: 200 } };
  proxy.connectHost("h1", { ...willing, "image.list": () => [large] });
  const fixture = { proxy, ...rest } as WebFixture;
  await until(first.id, { state: "preparing" });
  expect((await recordOf(fixture, first.id))?.wish.diskGb).toBe(200);
  await until(second.id, { state: "failed", cause: { code: "LIMIT_DISK", details: {} } });
  expect(await recordOf(fixture, second.id)).toMatchObject({ agentId: null });
  expect((await recordOf(fixture, second.id))?.wish.diskGb).toBeUndefined();
});

test("an image whose file is missing on the host: queued with the host's reason, until the catalogue changes", async () => {
  const { proxy, create, until } = await open();
  let image = { ...MEMTEST, available: false, reason: "Install the package memtest86+." };
  proxy.connectHost("h1", { ...willing, "image.list": () => [image] });
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "queued", reason: "Install the package memtest86+." });
  image = { ...MEMTEST, reason: "" };
  proxy.emit("image.changed", { agentId: "h1" });
  await until(id, { state: "preparing" });
});

test("a host that refuses: the next one takes it", async () => {
  const { proxy, create, until, ...rest } = await open();
  const refuse = () => {
    throw new LaunchError("HOST_FULL", "full", { safeMessage: "The host has no memory left." });
  };
  proxy.connectHost("h1", offering(refuse));
  proxy.connectHost("h2", willing);
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "preparing", reason: null });
  expect(await recordOf({ proxy, ...rest } as WebFixture, id)).toMatchObject({ agentId: "h2" });
});

test("all hosts refuse: it failed, with the reason; a start tries again", async () => {
  const { proxy, create, until, act } = await open();
  let full = true;
  proxy.connectHost("h1", {
    ...willing,
    "machine.create": (request) => {
      if (full) throw new LaunchError("HOST_FULL", "full", { safeMessage: "The host has no memory left." });
      return makeMachineStatus(request.id);
    },
  });
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "failed", reason: "The host has no memory left.", host: null });
  full = false;
  expect(await act("POST", `${id}/start`)).toMatchObject({ status: 200, body: { state: "queued" } });
  await until(id, { state: "preparing" });
});

test.each([
  new RequestError("HOST_OFFLINE", "gone"),
  new LimitError("HOST_BUSY", "busy"),
  new TimeoutError("HOST_TIMEOUT", "slow"),
])("a host that cannot be asked (%s): it stays queued and is tried again", async (error) => {
  const { proxy, create, until, clock } = await open();
  let broken = true;
  proxy.connectHost("h1", {
    ...willing,
    "machine.create": (request) => {
      if (broken) throw error;
      return makeMachineStatus(request.id);
    },
  });
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "queued", reason: "A host did not answer. It is asked again shortly." });
  broken = false;
  await vi.waitFor(() => {
    clock.advance(30_000);
    expect(proxy.count("h1", "machine.create")).toBe(2);
  });
  await until(id, { state: "preparing" });
});

test("a lost answer: the host that made the machine after all gets it, and is not asked twice", async () => {
  const { proxy, create, until, clock } = await open();
  const made: MachineStatus[] = [];
  proxy.connectHost("h1", {
    ...willing,
    "machine.create": (request) => {
      made.push(makeMachineStatus(request.id, { state: "running" }));
      throw new TimeoutError("HOST_TIMEOUT", "slow");
    },
    "machine.list": () => made,
  });
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "queued" });
  await vi.waitFor(async () => {
    clock.advance(30_000);
    expect(await proxy.stores.machines.find(id)).toMatchObject({ state: "running", agentId: "h1" });
  });
  expect(proxy.count("h1", "machine.create")).toBe(1);
});

test("a second copy on another host is removed there", async () => {
  const { proxy, create, until } = await open();
  await proxy.stores.agents.add({ id: "h1", name: "host-1", kind: "host", admitted: true, publicKey: "k" });
  proxy.connectHost("h1", willing);
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "preparing" });
  const removed = vi.fn(() => ({}));
  proxy.connectHost("h2", {
    ...willing,
    "machine.list": () => [makeMachineStatus(id, { state: "running" })],
    "machine.remove": removed,
  });
  await vi.waitFor(() => expect(removed).toHaveBeenCalledWith({ id }));
  await until(id, { state: "preparing" });
});

test("the machines of a revoked host stay where they are when it comes back with a new key", async () => {
  const { proxy, create, until, ask, as } = await open();
  await proxy.stores.agents.add({ id: "h1", name: "host-1", kind: "host", admitted: true, publicKey: "k" });
  proxy.connectHost("h1", willing);
  const { id } = await create({ image: MEMTEST.id });
  await until(id, { state: "preparing" });
  await proxy.stores.agents.revoke("h1");
  const removed = vi.fn(() => ({}));
  const status = makeMachineStatus(id, { state: "running" });
  const listed = vi.fn(() => [status]);
  proxy.connectHost("h2", { ...willing, "machine.list": listed, "machine.remove": removed });
  proxy.emit("machine.state", { agentId: "h2", machine: status });
  await vi.waitFor(() => expect(listed).toHaveBeenCalled());
  // What the reports led to has been done when the machine's queue has done this, too.
  expect((await ask("DELETE", `${MACHINES}/${id}`, { as })).status).toBe(204);
  expect(removed).not.toHaveBeenCalled();
});

test("the emptier host is asked first", async () => {
  const { proxy, create, until } = await open();
  proxy.connectHost("h1", willing);
  const first = await create({ image: MEMTEST.id });
  await until(first.id, { state: "preparing" });
  proxy.connectHost("h2", willing);
  const second = await create({ image: MEMTEST.id });
  await until(second.id, { state: "preparing" });
  expect(await proxy.stores.machines.find(second.id)).toMatchObject({ agentId: "h2" });
});

test("a queued machine can be stopped, started and deleted without any host", async () => {
  const { create, act, until, ask, as } = await open();
  const { id } = await create({ image: "debian" });
  expect(await act("POST", `${id}/stop`, { force: true })).toMatchObject({ body: { state: "stopped" } });
  expect(await act("POST", `${id}/start`)).toMatchObject({ body: { state: "queued" } });
  await until(id, { reason: "No host is connected. The machine starts as soon as one is." });
  expect((await act("DELETE", id)).status).toBe(204);
  expect((await ask("GET", MACHINES, { as })).body).toEqual([]);
});
