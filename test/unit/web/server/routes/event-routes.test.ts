import { once } from "node:events";
import http from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Stores } from "../../../../../proxy/index.ts";
import type { LiveEvent, Machine } from "../../../../../web/index.ts";
import {
  MEMTEST,
  openWebFixture,
  makeMachineStatus,
  type WebFixture,
} from "../../../../support/web-fixture.ts";

const EVENTS = "/api/v1/events";

interface Stream {
  readonly events: LiveEvent[];
  readonly response: http.IncomingMessage;
  readonly ended: Promise<void>;
}

async function follow({ port }: WebFixture, cookie: string): Promise<Stream> {
  const request = http.get({ host: "127.0.0.1", port, path: EVENTS, agent: false, headers: { cookie } });
  request.on("error", () => undefined);
  onTestFinished(() => void request.destroy());
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.on("error", () => undefined);
  const stream: Stream = {
    events: [],
    response,
    ended: new Promise<void>((resolve) => response.once("close", resolve)),
  };
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks)
      if (block.startsWith("data: ")) stream.events.push(JSON.parse(block.slice(6)) as LiveEvent);
  });
  await vi.waitFor(() => expect(stream.events[0]).toEqual({ type: "hello" }));
  return stream;
}

async function open() {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "h1", name: "host-1", kind: "host", admitted: true, publicKey: "k" });
  const machine = { name: "m", image: MEMTEST.id, state: "queued", cpus: 1, memoryMb: 64 } as const;
  await stores.machines.add({ ...machine, id: "m1", ownerId: fixture.annaId });
  await stores.machines.update("m1", { agentId: "h1", state: "running" });
  const say = (state: "booting" | "running" | "stopped") => {
    fixture.proxy.emit("machine.state", { agentId: "h1", machine: makeMachineStatus("m1", { state }) });
    return vi.waitFor(async () => expect(await stores.machines.find("m1")).toMatchObject({ state }));
  };
  return { ...fixture, stores, say };
}

/** Lets the window pass until the condition holds. */
function eventually(fixture: WebFixture, check: () => void): Promise<void> {
  return vi.waitFor(() => {
    fixture.clock.advance(250);
    check();
  });
}

test("the stream says hello, and then each changed machine whole", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  expect(stream.response.headers).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  });
  await fixture.say("booting");
  await eventually(fixture, () => expect(stream.events).toHaveLength(2));
  expect(stream.events[1]).toMatchObject({
    type: "machine",
    machine: { id: "m1", name: "m", state: "booting", owner: "anna", host: null },
  });
});

test("users hear of their own machines, administrators of all", async () => {
  const fixture = await open();
  const ben = await follow(fixture, await fixture.signIn("ben"));
  const admin = await follow(fixture, await fixture.signIn("admin"));
  await fixture.say("booting");
  await eventually(fixture, () => expect(admin.events).toHaveLength(2));
  expect(admin.events[1]).toMatchObject({ machine: { host: "host-1" } });
  expect(ben.events).toHaveLength(1);
});

test("many changes in a quarter of a second are one event with the last state", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  for (const state of ["booting", "running", "stopped", "booting", "stopped"] as const)
    await fixture.say(state);
  await eventually(fixture, () =>
    expect(stream.events.at(-1)).toMatchObject({ machine: { state: "stopped" } }),
  );
  expect(stream.events).toHaveLength(2);
});

test("a viewer who comes changes the desktop and the machine; a withdrawn desktop is gone", async () => {
  const fixture = await open();
  const desktop = await fixture.stores.desktops.publish("h1", "m", "m1");
  const stream = await follow(fixture, await fixture.signIn("anna"));
  fixture.proxy.sessions = [{ desktopId: desktop.id } as never];
  fixture.proxy.emit("session.changed", { sessionId: "s1", desktopId: desktop.id });
  await eventually(fixture, () => expect(stream.events).toHaveLength(3));
  expect(stream.events.slice(1)).toMatchObject([
    { type: "desktop", desktop: { id: desktop.id, viewers: 1, state: "online", agent: { name: "" } } },
    { type: "machine", machine: { id: "m1", viewers: 1, desktopId: desktop.id } },
  ]);
  await fixture.stores.desktops.remove(desktop.id);
  fixture.proxy.emit("desktop.changed", { desktopId: desktop.id });
  await eventually(fixture, () => expect(stream.events).toHaveLength(4));
  expect(stream.events[3]).toEqual({ type: "gone", kind: "desktop", id: desktop.id });
});

test("a deleted machine is gone; a host that comes changes the images", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  fixture.proxy.emit("machine.removed", { agentId: "h1", machineId: "m1" });
  await vi.waitFor(() => expect(stream.events[1]).toEqual({ type: "gone", kind: "machine", id: "m1" }));
  fixture.proxy.connectHost("h2", { "image.list": () => [MEMTEST] });
  await eventually(fixture, () => expect(stream.events[2]).toEqual({ type: "images" }));
});

test("a host that goes and comes back says so of its own machines, to those who may see them", async () => {
  const fixture = await open();
  const { proxy, stores } = fixture;
  await stores.machines.add({
    ...{ id: "m2", name: "elsewhere", image: MEMTEST.id, ownerId: fixture.annaId, state: "running" },
    ...{ cpus: 1, memoryMb: 64 },
  });
  await stores.agents.add({ id: "h2", name: "host-2", kind: "host", admitted: true, publicKey: "k2" });
  await stores.machines.update("m2", { agentId: "h2" });
  await stores.machines.add({
    ...{ id: "m3", name: "never-placed", image: MEMTEST.id, ownerId: fixture.annaId, state: "stopped" },
    ...{ cpus: 1, memoryMb: 64 },
  });
  const running = () => [makeMachineStatus("m1", { state: "running" })];
  proxy.connectHost("h1", { "machine.list": running });
  const anna = await fixture.signIn("anna");
  const reachable = async () => {
    const { body } = await fixture.ask("GET", "/api/v1/machines", { as: anna });
    return Object.fromEntries((body as Machine[]).map((row) => [row.id, row.reachable]));
  };
  expect(await reachable()).toEqual({ m1: true, m2: false, m3: true });
  const stream = await follow(fixture, anna);
  const others = await follow(fixture, await fixture.signIn("ben"));
  const said = ({ events }: Stream) => events.filter(({ type }) => type === "machine");
  const last = () => said(stream).at(-1);
  const toldOf = () => new Set(said(stream).map((event) => event.type === "machine" && event.machine.id));
  proxy.disconnect("h1");
  await eventually(fixture, () => expect(last()).toMatchObject({ machine: { id: "m1", reachable: false } }));
  expect(await reachable()).toEqual({ m1: false, m2: false, m3: true });
  proxy.connectHost("h1", { "machine.list": running });
  await eventually(fixture, () => expect(last()).toMatchObject({ machine: { id: "m1", reachable: true } }));
  expect([...toldOf()]).toEqual(["m1"]);
  expect(said(others)).toEqual([]);
});

test("who may only see a machine learns nothing of its parts, in lists, in its own answer and in events", async () => {
  const fixture = await open();
  const { proxy, stores, ask } = fixture;
  const grant = async (to: string, may: string) =>
    ask("POST", "/api/v1/grants", {
      as: await fixture.signIn("admin"),
      body: { to: `user:${to}`, may, on: "desktop:m" },
    });
  const parts = { cpus: 1, memoryMb: 256, addresses: ["10.0.2.15"], tried: [{ host: null }] };
  const nothing = { cpus: null, memoryMb: null, diskGb: null, dataDisk: null, tried: [] };
  const ben = await fixture.signIn("ben");
  const stream = await follow(fixture, ben);
  const last = () => stream.events.findLast(({ type }) => type === "machine");
  const shown = async (as: string) => [
    ((await ask("GET", "/api/v1/machines", { as })).body as unknown[])[0],
    (await ask("GET", "/api/v1/machines/m1", { as })).body,
  ];
  await grant("ben", "see");
  const machine = makeMachineStatus("m1", { state: "running", addresses: ["10.0.2.15"] });
  proxy.emit("machine.state", { agentId: "h1", machine });
  await eventually(fixture, () => expect(last()).toMatchObject({ machine: { id: "m1", ...nothing } }));
  expect(JSON.stringify(stream.events)).not.toContain("10.0.2.15");
  await stores.machines.update("m1", { tried: [{ host: "host-1", why: "memory free 1 GB" }] });
  for (const row of await shown(ben)) {
    expect(row).toMatchObject({ name: "m", state: "running", access: "see", ...nothing });
    expect(row).not.toHaveProperty("addresses");
  }
  await grant("ben", "view");
  for (const row of await shown(ben)) expect(row).toMatchObject({ access: "view", ...parts });
  for (const row of await shown(await fixture.signIn("anna"))) expect(row).toMatchObject(parts);
});

test("who oversees the server learns a machine's parts, too", async () => {
  const fixture = await open();
  const ben = await fixture.stores.users.findByName("ben");
  await fixture.stores.users.setRole(ben!.id, "auditor");
  const { body } = await fixture.ask("GET", "/api/v1/machines/m1", { as: await fixture.signIn("ben") });
  expect(body).toMatchObject({ access: "see", cpus: 1, memoryMb: 64, host: "host-1" });
});

test("a host that was not let in is not there for its machines", async () => {
  const { proxy, ask, signIn } = await open();
  proxy.connectHost("h1", {}, false);
  const { body } = await ask("GET", "/api/v1/machines/m1", { as: await signIn("anna") });
  expect(body).toMatchObject({ reachable: false, host: null });
});

test("a beat every two seconds shows the page that the line lives", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  for (let beats = 1; beats <= 3; beats += 1) {
    fixture.clock.advance(2_000);
    await vi.waitFor(() => expect(stream.events).toHaveLength(1 + beats));
    expect(stream.events[beats]).toEqual({ type: "beat" });
  }
});

test("signing out ends the streams of that login and no other", async () => {
  const fixture = await open();
  const cookie = await fixture.signIn("anna");
  const stream = await follow(fixture, cookie);
  const other = await follow(fixture, await fixture.signIn("anna"));
  await fixture.ask("POST", "/api/v1/logout", { as: cookie });
  await stream.ended;
  await fixture.say("booting");
  await eventually(fixture, () => expect(other.events).toHaveLength(2));
});

test("a disabled account's streams end within five seconds, others' go on", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  const other = await follow(fixture, await fixture.signIn("ben"));
  let ended = false;
  void stream.ended.then(() => (ended = true));
  await fixture.stores.users.disable(fixture.annaId);
  fixture.clock.advance(5_000);
  await vi.waitFor(() => expect(ended).toBe(true));
  expect(other.response.closed).toBe(false);
});

test("streams end when their person's rights change, so that the page fetches what it may see; others' go on", async () => {
  const fixture = await open();
  const { stores, clock, proxy } = fixture;
  const group = await stores.groups.add({ name: "readers" });
  const ben = await stores.users.findByName("ben");
  await stores.groups.addMember(group.id, ben?.id ?? "");
  await proxy.rights.refresh();
  const [stream, other] = [
    await follow(fixture, await fixture.signIn("ben")),
    await follow(fixture, await fixture.signIn("anna")),
  ];
  let ended = false;
  void stream.ended.then(() => (ended = true));
  const grant = { may: "view", target: "desktop", pattern: "m", createdBy: "admin" } as const;
  await stores.grants.add({ ...grant, holder: { groupId: group.id } });
  clock.advance(2_000);
  await vi.waitFor(() => expect(ended).toBe(true));
  expect(other.response.closed).toBe(false);
  // The machine of another person, which the grant is about.
  const next = await follow(fixture, await fixture.signIn("ben"));
  await fixture.say("booting");
  await eventually(fixture, () =>
    expect(next.events).toMatchObject([{ type: "hello" }, { type: "machine", machine: { id: "m1" } }]),
  );
});

test("a state that cannot be read for a moment ends no stream", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  const asked = vi.spyOn(fixture.stores.logins, "filterOpen").mockRejectedValue(new Error("away"));
  fixture.clock.advance(2_000);
  await vi.waitFor(() => expect(asked).toHaveBeenCalled());
  asked.mockRestore();
  await fixture.say("booting");
  await eventually(fixture, () => expect(stream.events).toHaveLength(2));
});

test("a login that has expired ends the stream", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  let ended = false;
  void stream.ended.then(() => (ended = true));
  fixture.clock.setWallClock(fixture.clock.now() + 13 * 3600_000);
  fixture.clock.advance(2_000);
  await vi.waitFor(() => expect(ended).toBe(true));
});

test("closing the web ends streams, and leaves no listener and no timer", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  await fixture.say("booting");
  await fixture.web.close();
  await stream.ended;
  expect(fixture.proxy.listeners).toBe(0);
  await vi.waitFor(() => expect(fixture.clock.pending).toBe(0));
});

test("one person may have 32 streams", async () => {
  const fixture = await open();
  const cookie = await fixture.signIn("anna");
  for (let n = 0; n < 32; n += 1) await follow(fixture, cookie);
  const refused = await fixture.ask("GET", EVENTS, { as: cookie });
  expect(refused).toMatchObject({ status: 429, body: { error: { code: "STREAM_LIMIT" } } });
  await follow(fixture, await fixture.signIn("ben"));
});

/** From now on whole tables cannot be read. */
function forbidWholeTables({ machines, desktops, users, agents, tokens }: Stores): void {
  for (const store of [machines, desktops, users, agents, tokens])
    vi.spyOn(store, "list").mockRejectedValue(new Error("a whole table was read"));
}

test("a change, and what a user asks, reads no whole table", async () => {
  const fixture = await open();
  const { stores, proxy } = fixture;
  const desktop = await stores.desktops.publish("h1", "m", "m1");
  const as = await fixture.signIn("anna");
  const [stream, admin] = [await follow(fixture, as), await follow(fixture, await fixture.signIn("admin"))];
  forbidWholeTables(stores);
  proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus("m1", { state: "booting" })],
    "image.list": () => [MEMTEST],
    "machine.remove": () => ({}),
  });
  proxy.emit("desktop.changed", { desktopId: desktop.id });
  for (const { events } of [stream, admin])
    await eventually(fixture, () =>
      expect(events).toContainEqual(
        expect.objectContaining({
          machine: expect.objectContaining({ state: "booting", desktopId: desktop.id }),
        }),
      ),
    );
  const ask = async (method: string, path: string, body?: unknown) =>
    (await fixture.ask(method, `/api/v1/${path}`, { as, body })).status;
  expect(await ask("GET", "machines")).toBe(200);
  expect(await ask("GET", "desktops")).toBe(200);
  expect(await ask("GET", "tokens")).toBe(200);
  expect(await ask("GET", "allowance")).toBe(200);
  expect(await ask("POST", "machines", { image: MEMTEST.id })).toBe(201);
  expect(await ask("POST", "desktops/shown", { desktops: [desktop.id] })).toBe(204);
  expect(await ask("POST", "tickets", { desktop: "m" })).toBe(201);
  expect(await ask("DELETE", "machines/m1")).toBe(204);
  // The periodic check of machines that end.
  fixture.clock.advance(5_000);
  expect((await fixture.askLocally("GET", "/api/v1/hosts")).status).toBe(200);
});

test("many changes at once reach the page in parts, and each of them", async () => {
  const fixture = await open();
  const stream = await follow(fixture, await fixture.signIn("anna"));
  const ids = Array.from({ length: 450 }, (_, index) => `gone-${index}`);
  const reads = vi.spyOn(fixture.stores.desktops, "findMany");
  for (const desktopId of ids) fixture.proxy.emit("desktop.changed", { desktopId });
  await eventually(fixture, () => expect(stream.events).toHaveLength(ids.length + 1));
  expect(reads.mock.calls.map(([asked]) => asked.length).filter((count) => count > 0)).toEqual([
    200, 200, 50,
  ]);
});
