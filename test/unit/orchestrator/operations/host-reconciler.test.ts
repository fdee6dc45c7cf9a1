import { expect, test, vi } from "vitest";
import { RequestError } from "../../../../protocol/index.ts";
import { MEMTEST, openWebFixture, makeMachineStatus } from "../../../support/web-fixture.ts";

const MACHINES = "/api/v1/machines";

async function open() {
  const fixture = await openWebFixture();
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
  proxy.connectHost("h2", { "machine.remove": () => ({}) });
  proxy.emit("machine.state", { agentId: "h2", machine: makeMachineStatus("m1", { state: "failed" }) });
  proxy.emit("machine.removed", { agentId: "h2", machineId: "m1" });
  await vi.waitFor(() => expect(proxy.count("h2", "machine.remove")).toBe(1));
  expect(await stores.machines.find("m1")).toMatchObject({ state: "running", agentId: "h1" });
});

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
