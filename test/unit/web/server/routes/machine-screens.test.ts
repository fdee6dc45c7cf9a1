// A machine of several monitors: each is a desktop, all are the machine's.
import { expect, test } from "vitest";
import { machineOptions } from "../../../../../proxy/index.ts";
import type { Desktop, Machine } from "../../../../../web/index.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

/** Anna's machine `lab` of three monitors on the host `h1`, with a stranger of an agent beside it. */
async function open() {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "h1", name: "rack-1", kind: "host", admitted: true, publicKey: "k1" });
  await stores.agents.add({ id: "a1", name: "stranger", kind: "agent", publicKey: "k2" });
  await stores.machines.add({
    ...{ id: "m1", name: "lab", image: "debian", ownerId: fixture.annaId, state: "running" },
    ...{ cpus: 1, memoryMb: 64, wish: machineOptions.parse({ monitors: 3 }) },
  });
  await stores.machines.update("m1", { agentId: "h1" });
  const publish = (name: string, agentId = "h1") => stores.desktops.publish(agentId, name, "m1");
  const anna = await fixture.signIn("anna");
  const show = async () => (await fixture.ask("GET", `${API}/machines/m1`, { as: anna })).body as Machine;
  return { ...fixture, stores, publish, anna, show };
}

test("the first has the machine's name, the others their numbers, whichever comes first", async () => {
  const { publish, show, stores } = await open();
  const third = await publish("lab-3");
  expect(await show()).toMatchObject({
    ...{ desktop: "lab", desktopId: null },
    screens: [{ number: 3, desktop: "lab-3", desktopId: third.id }],
  });
  const [second, first] = [await publish("lab-2"), await publish("lab")];
  expect(await show()).toMatchObject({
    desktopId: first.id,
    screens: [
      { number: 2, desktop: "lab-2", desktopId: second.id },
      { number: 3, desktop: "lab-3", desktopId: third.id },
    ],
  });
  await stores.desktops.withdraw("h1", "lab-2");
  expect((await show()).screens.map(({ number }) => number)).toEqual([3]);
});

test("another agent's word, and another name, make no screen", async () => {
  const { publish, show } = await open();
  await publish("lab-2", "a1");
  await publish("lab-4");
  await publish("lab-two");
  expect(await show()).toMatchObject({ desktopId: null, screens: [] });
});

test("people connected to any of them count for the machine", async () => {
  const { publish, show, proxy, stores } = await open();
  for (const [name, many] of [
    ["lab", 1],
    ["lab-2", 2],
  ] as const) {
    const { id: desktopId } = await publish(name);
    for (let n = 0; n < many; n += 1)
      await stores.sessions.open({
        ...{ id: `${name} ${n}`, desktopId, desktopName: name, agentId: "h1", serverId: "s", startedAt: 0 },
        ...{ method: "ticket", transport: "websocket", role: "control", subject: "u", sourceAddress: "::1" },
      });
  }
  proxy.sessions = await stores.sessions.list();
  expect((await show()).viewers).toBe(3);
});

test("a token is for one of them, and its owner's to give", async () => {
  const { publish, ask, anna, proxy } = await open();
  await publish("lab");
  const second = await publish("lab-2");
  const make = (desktop: string, as = anna) =>
    ask("POST", `${API}/tokens`, { as, body: { desktop, role: "view", ttlSeconds: 60 } });
  expect(await make("lab-2")).toMatchObject({ status: 201, body: { desktop: "lab-2" } });
  expect(proxy.audited.at(-1)).toMatchObject({
    ...{ action: "token.create", desktopId: second.id, desktopName: "lab-2", machineId: "m1" },
  });
  const seen = (await ask("GET", `${API}/desktops`, { as: anna })).body as Desktop[];
  expect(seen.map(({ name }) => name).toSorted()).toEqual(["lab", "lab-2"]);
  expect(seen.map(({ machineId }) => machineId)).toEqual(["m1", "m1"]);
});
