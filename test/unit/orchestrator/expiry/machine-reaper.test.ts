import { expect, test, vi } from "vitest";
import type { MachineState } from "../../../../protocol/index.ts";
import type { Machine } from "../../../../web/index.ts";
import { MEMTEST, openWebFixture, makeMachineStatus } from "../../../support/web-fixture.ts";

const MACHINES = "/api/v1/machines";
const MINUTE = 60_000;

/** Anna's machine on a host that does what it is told; the test says when its state changes. */
async function open(order: object, limits: unknown = {}) {
  const fixture = await openWebFixture({ limits });
  const { proxy, clock } = fixture;
  const { stores } = proxy;
  const as = await fixture.signIn("anna");
  await stores.agents.add({ id: "h1", name: "rack-1", kind: "host", admitted: true, publicKey: "k" });
  let state: MachineState = "preparing";
  proxy.connectHost("h1", {
    "image.list": () => [MEMTEST],
    "machine.create": ({ id }) => makeMachineStatus(id),
    "machine.list": () => [makeMachineStatus(made.id, { state })],
    "machine.stop": ({ id }) => makeMachineStatus(id, { state: "stopping" }),
    "machine.remove": () => ({}),
  });
  const body = { image: MEMTEST.id, ...order };
  const made = (await fixture.ask("POST", MACHINES, { as, body })).body as Machine;
  const find = () => stores.machines.find(made.id);
  const become = async (next: MachineState) => {
    state = next;
    proxy.emit("machine.state", { agentId: "h1", machine: makeMachineStatus(made.id, { state }) });
    await vi.waitFor(async () => expect([next, "gone"]).toContain((await find())?.state ?? "gone"));
  };
  await vi.waitFor(async () => expect(await find()).toMatchObject({ agentId: "h1", state: "preparing" }));
  const act = (name: string, request: object = {}) =>
    fixture.ask("POST", `${MACHINES}/${made.id}/${name}`, { as, body: request });
  const codes = () => proxy.audited.map(({ action, reason }) => `${action} ${reason ?? ""}`.trim());
  /** Lets time pass in steps, as the keeper's looks need database answers in between. */
  const pass = async (ms: number, until: () => Promise<void> | void) => {
    clock.advance(ms);
    await vi.waitFor(until).catch(async () => {
      // The last look had not ended when the time passed, and planned the next one from then on.
      clock.advance(5_000);
      await vi.waitFor(until, { timeout: 5_000 });
    });
  };
  return {
    ...fixture,
    stores,
    as,
    id: made.id,
    find,
    become,
    act,
    codes,
    pass,
    stops: () => proxy.count("h1", "machine.stop"),
  };
}

async function connectViewer({ stores, proxy, id }: Awaited<ReturnType<typeof open>>, name = "m") {
  const desktop = await stores.desktops.publish("h1", name, id);
  const session = `s-${id}-${name}`;
  await stores.sessions.open({
    ...{ id: session, desktopId: desktop.id, desktopName: "m", agentId: "h1", serverId: "server-2" },
    ...{ method: "ticket", transport: "websocket", role: "control", subject: "u", sourceAddress: "::1" },
    startedAt: 0,
  });
  proxy.emit("session.changed", { sessionId: session, desktopId: desktop.id });
  return async () => {
    await stores.sessions.close(session, { cause: "x", bytesToViewer: 0, bytesToServer: 0, endedAt: 0 });
    proxy.emit("session.changed", { sessionId: session, desktopId: desktop.id });
  };
}

test("a one-shot machine ends 60 s after its last viewer left, and nothing of it stays", async () => {
  const world = await open({ oneShot: true });
  await world.become("running");
  const leave = await connectViewer(world);
  await vi.waitFor(async () => expect(await world.find()).toMatchObject({ viewed: true, idleSince: null }));
  await leave();
  await vi.waitFor(async () => expect((await world.find())?.idleSince).not.toBeNull());
  await world.pass(59_000, async () => expect(await world.find()).toMatchObject({ ending: null }));
  expect(world.stops()).toBe(0);
  await world.pass(1000, () => expect(world.stops()).toBe(1));
  expect(world.codes()).toContain("machine.end MACHINE_IDLE");
  await world.become("stopped");
  await vi.waitFor(async () => expect(await world.find()).toBeNull());
  expect(world.proxy.count("h1", "machine.remove")).toBe(1);
  expect(world.codes()).toContain("machine.remove");
});

test("a one-shot machine stays as long as somebody looks at one of its screens", async () => {
  const world = await open({ oneShot: true, monitors: 2 });
  await world.become("running");
  const leaveFirst = await connectViewer(world);
  const leaveSecond = await connectViewer(world, "m-2");
  await vi.waitFor(async () => expect(await world.find()).toMatchObject({ viewed: true, idleSince: null }));
  await leaveFirst();
  await world.pass(2 * MINUTE, async () => expect(await world.find()).toMatchObject({ idleSince: null }));
  expect(world.stops()).toBe(0);
  await leaveSecond();
  await vi.waitFor(async () => expect((await world.find())?.idleSince).not.toBeNull());
  await world.pass(MINUTE, () => expect(world.stops()).toBe(1));
});

test("one that nobody ever opens ends after ten minutes", async () => {
  const world = await open({ oneShot: true });
  await world.become("running");
  await vi.waitFor(async () => expect((await world.find())?.idleSince).not.toBeNull());
  await world.pass(10 * MINUTE, () => expect(world.stops()).toBe(1));
});

test("closing a one-shot machine ends it at once; others are not closed", async () => {
  const world = await open({ oneShot: true });
  await world.become("running");
  expect((await world.act("close")).status).toBe(204);
  expect(world.stops()).toBe(1);
  expect(await world.act("save")).toMatchObject({
    status: 409,
    body: { error: { code: "MACHINE_ONE_SHOT" } },
  });
  const lasting = await open({});
  await lasting.become("running");
  expect(await lasting.act("close")).toMatchObject({
    status: 409,
    body: { error: { code: "MACHINE_NOT_ONE_SHOT" } },
  });
});

test("a lifetime begins when it runs, is told in its last tenth, and ends by the power button", async () => {
  const world = await open({ lifetimeSeconds: 600 });
  expect(await world.find()).toMatchObject({ expiresAt: null, lifetimeMs: 600_000 });
  await world.become("running");
  const { expiresAt } = (await world.find())!;
  expect(expiresAt! - world.clock.now()).toBe(600_000);
  await world.pass(539_000, async () => expect(await world.find()).toMatchObject({ warnedAt: null }));
  await world.pass(1000, () =>
    expect(world.codes().filter((code) => code === "machine.warn")).toHaveLength(1),
  );
  await world.pass(60_000, () => expect(world.stops()).toBe(1));
  expect(world.codes()).toContain("machine.end MACHINE_EXPIRED");
  await world.become("stopped");
  expect(await world.find()).toMatchObject({
    ...{ state: "stopped", reason: "Its time was over." },
    ...{ expiresAt: null, warnedAt: null, ending: null },
  });
  expect(world.proxy.count("h1", "machine.remove")).toBe(0);
});

test("more time is given from now on, as far as the limits go", async () => {
  const world = await open({}, { roles: { user: { lifetimeSeconds: 600 } } });
  await world.become("running");
  await world.pass(545_000, async () => expect((await world.find())?.warnedAt).not.toBeNull());
  const extended = await world.act("extend");
  expect(extended).toMatchObject({ status: 200, body: { expiresSoon: false } });
  expect((extended.body as Machine).expiresAt! - world.clock.now()).toBe(600_000);
  expect(await world.act("extend", { seconds: 60 })).toMatchObject({
    status: 403,
    body: { error: { code: "LIMIT_LIFETIME" } },
  });
});

test("who may not prolong is told so, and so is who asks for too long a life", async () => {
  const limits = { users: { anna: { lifetimeSeconds: 600, extend: false } } };
  const world = await open({ lifetimeSeconds: 120 }, limits);
  await world.become("running");
  expect(await world.act("extend")).toMatchObject({
    status: 403,
    body: { error: { code: "EXTEND_FORBIDDEN" } },
  });
  const body = { image: MEMTEST.id, lifetimeSeconds: 601 };
  expect(await world.ask("POST", MACHINES, { as: world.as, body })).toMatchObject({
    status: 403,
    body: {
      error: { code: "LIMIT_LIFETIME", message: "A machine of yours may run for 10 minutes at most." },
    },
  });
});

test("a host that is away when the time is over is told when it comes back", async () => {
  const world = await open({ lifetimeSeconds: 60 });
  await world.become("running");
  world.proxy.disconnect("h1");
  await world.pass(120_000, async () => expect(await world.find()).toMatchObject({ ending: null }));
  world.proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus(world.id, { state: "running" })],
    "machine.stop": ({ id }) => makeMachineStatus(id, { state: "stopping" }),
  });
  await world.pass(5000, () => expect(world.stops()).toBeGreaterThan(0));
});
