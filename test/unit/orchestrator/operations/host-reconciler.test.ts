import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { RequestError } from "../../../../protocol/index.ts";
import {
  MEMTEST,
  openWebFixture,
  makeMachineStatus,
  type WebFixtureOptions,
} from "../../../support/web-fixture.ts";

const MACHINES = "/api/v1/machines";

async function open(options: WebFixtureOptions = {}) {
  const fixture = await openWebFixture(options);
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "h1", name: "host-1", kind: "host", admitted: true, publicKey: "k" });
  await stores.machines.add({
    id: "m1",
    name: "m",
    image: MEMTEST.id,
    ownerId: fixture.annaId,
    state: "queued",
    cpus: 1,
    memoryMb: 256,
  });
  await stores.machines.update("m1", { agentId: "h1", state: "running" });
  const as = await fixture.signIn("anna");
  const act = (method: string, path: string, body?: unknown) =>
    fixture.ask(method, `${MACHINES}/${path}`, { as, body });
  const until = (expected: object | null) =>
    vi.waitFor(async () => {
      const record = await stores.machines.find("m1");
      if (expected === null) expect(record).toBeNull();
      else expect(record).toMatchObject(expected);
    });
  return { ...fixture, stores, as, act, until };
}

test("what the host says about a machine is kept", async () => {
  const { proxy, until } = await open();
  const machine = makeMachineStatus("m1", {
    state: "failed",
    reason: "QEMU ended.",
    cause: { code: "QEMU_SAID", details: { said: "bad" } },
    accel: "tcg",
    cpus: 3,
    memoryMb: 99,
  });
  proxy.emit("machine.state", { agentId: "h1", machine });
  await until({
    state: "failed",
    reason: "QEMU ended.",
    cause: { code: "QEMU_SAID", details: { said: "bad" } },
    accel: "tcg",
    cpus: 3,
    memoryMb: 99,
  });
});

test("what another host says about it is not", async () => {
  const { proxy, stores } = await open();
  proxy.connectHost("h1", { "machine.list": () => [makeMachineStatus("m1", { state: "running" })] });
  proxy.connectHost("h2", { "machine.remove": () => ({}) });
  proxy.emit("machine.state", { agentId: "h2", machine: makeMachineStatus("m1", { state: "failed" }) });
  proxy.emit("machine.removed", { agentId: "h2", machineId: "m1" });
  await vi.waitFor(() => expect(proxy.count("h2", "machine.remove")).toBe(1));
  expect(await stores.machines.find("m1")).toMatchObject({ state: "running", agentId: "h1" });
});

test.each(["RECORD_DAMAGED", "RECORD_DAMAGED_RUNS"])(
  "a host that cannot read its record (%s) is not asked to delete it, and its zeros are not believed",
  async (code) => {
    const { proxy, stores, until } = await open();
    const removed = vi.fn(() => ({}));
    proxy.connectHost("h2", { "machine.remove": removed });
    const damaged = { cause: { code, details: {} }, state: "failed", cpus: 0, memoryMb: 0 } as const;
    proxy.emit("machine.state", { agentId: "h2", machine: makeMachineStatus("m1", damaged) });
    proxy.emit("machine.state", { agentId: "h1", machine: makeMachineStatus("m1", damaged) });
    await until({ state: "failed", cause: damaged.cause, cpus: 1, memoryMb: 256 });
    expect(removed).not.toHaveBeenCalled();
    expect(await stores.machines.find("m1")).toMatchObject({ agentId: "h1" });
  },
);

test("a machine that this server never had is left alone", async () => {
  const { proxy, stores } = await open();
  proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus("m1", { state: "running" }), makeMachineStatus("m9")],
  });
  await vi.waitFor(() => expect(proxy.count("h1", "machine.list")).toBe(1));
  proxy.emit("machine.state", { agentId: "h1", machine: makeMachineStatus("m9") });
  expect(await stores.machines.find("m9")).toBeNull();
  expect(proxy.asked).not.toContain("h1 machine.remove");
});

test("a host that comes back tells what has become of its machines", async () => {
  const { proxy, until } = await open();
  proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus("m1", { state: "stopped", reason: "Shut down." })],
  });
  await until({ state: "stopped", reason: "Shut down.", cause: null });
});

test("a machine that its host does not know any more has failed, with the reason", async () => {
  const { proxy, until } = await open();
  proxy.connectHost("h1", {});
  await until({
    state: "failed",
    reason: "Its host does not know it any more. Delete it and create a new one.",
  });
});

test("a placement that a crash interrupted is made again", async () => {
  const { proxy, stores, until } = await open();
  await stores.machines.update("m1", { state: "queued" });
  proxy.connectHost("h1", {
    "image.list": () => [MEMTEST],
    "machine.create": ({ id }) => makeMachineStatus(id, { state: "booting" }),
  });
  await until({ state: "booting", agentId: "h1" });
});

test("news that arrives while the host lists its machines is newer than the list", async () => {
  const { proxy, stores, until } = await open();
  let list: (machines: never[]) => void = () => undefined;
  proxy.connectHost("h1", {
    "machine.list": () => new Promise((resolve) => (list = resolve)),
    "machine.stop": ({ id }) => makeMachineStatus(id, { state: "stopping" }),
  });
  await vi.waitFor(() => expect(proxy.count("h1", "machine.list")).toBe(1));
  proxy.emit("machine.state", { agentId: "h1", machine: makeMachineStatus("m1", { state: "booting" }) });
  list([]);
  await until({ state: "booting" });
  expect(await stores.machines.find("m1")).toMatchObject({ state: "booting" });
});

test("start and stop go to the host; force goes with it; its refusal is answered", async () => {
  const { proxy, act } = await open();
  const stop = vi.fn(({ id }: { id: string }) => makeMachineStatus(id, { state: "stopping" }));
  proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus("m1", { state: "running" })],
    "machine.stop": stop,
    "machine.start": () => {
      throw new RequestError("MACHINE_RUNNING", "runs", { safeMessage: "The machine is running already." });
    },
  });
  expect(await act("POST", "m1/stop")).toMatchObject({ status: 200, body: { state: "stopping" } });
  await act("POST", "m1/stop", { force: true });
  expect(stop.mock.calls).toEqual([[{ id: "m1", force: false }], [{ id: "m1", force: true }]]);
  expect(await act("POST", "m1/start")).toMatchObject({
    status: 409,
    body: { error: { code: "MACHINE_RUNNING", message: "The machine is running already." } },
  });
});

test("while its host is away a machine can neither be started nor deleted", async () => {
  const { act, stores } = await open();
  for (const [method, path] of [
    ["POST", "m1/start"],
    ["DELETE", "m1"],
  ] as const)
    expect(await act(method, path)).toMatchObject({ status: 503, body: { error: { code: "HOST_OFFLINE" } } });
  expect(await stores.machines.find("m1")).not.toBeNull();
});

test("a machine of a revoked host can be deleted", async () => {
  const { act, stores, until } = await open();
  await stores.agents.revoke("h1");
  expect((await act("DELETE", "m1")).status).toBe(204);
  await until(null);
});

test("a deleted machine takes its desktop and the tokens for it along", async () => {
  const { proxy, act, stores, annaId } = await open();
  proxy.connectHost("h1", {
    "machine.list": () => [makeMachineStatus("m1", { state: "running" })],
    "machine.remove": () => {
      throw new RequestError("MACHINE_UNKNOWN", "not here");
    },
  });
  const desktop = await stores.desktops.publish("h1", "m", "m1");
  const further = await stores.desktops.publish("h1", "m-2", "m1");
  const about = { desktopId: desktop.id, role: "view", createdBy: annaId, expiresAt: 9e15 } as const;
  await stores.tokens.create({ ...about, token: "abcd2345" });
  await stores.tokens.create({ ...about, desktopId: further.id, token: "bcde3456" });
  expect((await act("DELETE", "m1")).status).toBe(204);
  expect(await stores.desktops.find(desktop.id)).toBeNull();
  expect(await stores.desktops.find(further.id)).toBeNull();
  expect(await stores.tokens.list()).toEqual([]);
  expect(await stores.machines.find("m1")).toBeNull();
});

test("a machine that is gone from its host is gone here", async () => {
  const { proxy, until } = await open();
  proxy.emit("machine.removed", { agentId: "h1", machineId: "m1" });
  await until(null);
});

test("of a flood of reports the newest counts, and a run that ended within it has ended", async () => {
  const { proxy, stores, until } = await open();
  const applied = vi.spyOn(stores.machines, "update");
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  const find = stores.machines.find.bind(stores.machines);
  vi.spyOn(stores.machines, "find").mockImplementationOnce(async (id) => {
    await held;
    return find(id);
  });
  await stores.machines.update("m1", { expiresAt: 5 });
  applied.mockClear();
  const report = (state: "running" | "stopped" | "booting", cpus: number) => {
    proxy.emit("machine.state", { agentId: "h1", machine: makeMachineStatus("m1", { state, cpus }) });
  };
  for (let cpus = 1; cpus < 500; cpus += 1) report("running", cpus);
  report("stopped", 500);
  for (let cpus = 501; cpus < 1_000; cpus += 1) report("booting", cpus);
  answer();
  await until({ state: "booting", cpus: 999, expiresAt: null });
  expect(applied).toHaveBeenCalledTimes(2);
});

test("reports of machines that are not the host's are dropped before they wait for anything, with one log line", async () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
  const { proxy, stores } = await open({ log });
  proxy.connectHost("h1", { "machine.list": () => [makeMachineStatus("m1", { state: "running" })] });
  proxy.connectHost("h2", {});
  const foreign = makeMachineStatus("m1", { state: "failed" });
  const work = Array.from({ length: 300 }, (_, index) => [
    proxy.emitAndWait("machine.state", { agentId: "h2", machine: makeMachineStatus(`alien-${index}`) }),
    proxy.emitAndWait("machine.state", { agentId: "h2", machine: foreign }),
  ]);
  await Promise.all(work.flat());
  await vi.waitFor(() => expect(proxy.count("h2", "machine.remove")).toBe(1));
  expect(await stores.machines.find("m1")).toMatchObject({ state: "running", agentId: "h1" });
  expect(lines.filter((line) => line.includes("machine.stray"))).toHaveLength(1);
});

test("a host that says again and again that its images changed makes one reading of them a second", async () => {
  const { proxy, stores, clock } = await open();
  const readings = vi.spyOn(stores.machines, "listPending");
  const flood = async () => {
    readings.mockClear();
    for (let index = 0; index < 200; index += 1) proxy.emit("image.changed", { agentId: "h1" });
    await vi.waitFor(() => expect(readings).toHaveBeenCalledTimes(2));
    await new Promise(setImmediate);
    expect(readings).toHaveBeenCalledTimes(2);
  };
  await vi.waitFor(() => expect(readings).toHaveBeenCalledTimes(0));
  await flood();
  readings.mockClear();
  clock.advance(1_000);
  await vi.waitFor(() => expect(readings).toHaveBeenCalledTimes(2));
});
