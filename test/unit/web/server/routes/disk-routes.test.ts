import { expect, test } from "vitest";
import type { DiskCopy } from "../../../../../protocol/index.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

function copy(owner: string, name: string, more: Partial<DiskCopy> = {}): DiskCopy {
  return { owner, name, state: "here", sizeGb: 5, bytes: 1000, usedAt: 7, ...more };
}

test("people see and delete their own disks, administrators all of them", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const [anna, admin] = [await signIn("anna"), await signIn("admin")];
  const removed: unknown[] = [];
  const journey = { journey: "j", partner: "h2" };
  proxy.connectHost("h1", {
    "disk.list": () => [
      copy("anna", "home", { machine: "lab" }),
      copy("ben", "home", { state: "left", ...journey }),
    ],
    "disk.remove": (ref) => {
      removed.push(ref);
      return {};
    },
  });
  proxy.connectHost("h2", {
    "disk.list": () => [copy("ben", "home", { state: "arrived", ...journey, partner: "h1" })],
  });

  const own = {
    owner: "anna",
    name: "home",
    sizeGb: 5,
    bytes: 1000,
    usedAt: 7,
    machine: "lab",
    state: "here",
  };
  expect(await ask("GET", `${API}/disks`, { as: anna })).toMatchObject({
    status: 200,
    body: [{ ...own, host: null }],
  });
  // A disk on its way is one disk.
  const { body } = await ask("GET", `${API}/disks`, { as: admin });
  expect(body).toEqual([
    { ...own, host: "name-of-h1" },
    { ...own, owner: "ben", machine: null, state: "travelling", host: "name-of-h1" },
  ]);

  const unknown = { status: 404, body: { error: { code: "DISK_UNKNOWN" } } };
  expect(await ask("DELETE", `${API}/disks/ben/home`, { as: anna })).toMatchObject(unknown);
  expect(await ask("DELETE", `${API}/disks/anna/none`, { as: anna })).toMatchObject(unknown);
  expect(removed).toEqual([]);
  expect((await ask("DELETE", `${API}/disks/anna/home`, { as: anna })).status).toBe(204);
  expect(removed).toEqual([{ owner: "anna", name: "home" }]);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "disk.remove", actorName: "anna" });
  expect(await ask("GET", `${API}/disks`)).toMatchObject({ status: 401 });
});

test("a host's name that two hosts have is no goal, whichever of them is connected", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  proxy.connectHost("h1", { "disk.list": () => [copy("anna", "home")] });
  proxy.connectHost("h2", {});
  await proxy.stores.agents.add({
    id: "h3",
    name: "name-of-h2",
    kind: "host",
    admitted: true,
    publicKey: "k",
  });
  const request = { as: await signIn("admin"), body: { host: "name-of-h2" } };
  const answer = await ask("POST", `${API}/disks/anna/home/move`, request);
  expect(answer).toMatchObject({ status: 409, body: { error: { code: "HOST_AMBIGUOUS" } } });
  proxy.disconnect("h2");
  const alone = await ask("POST", `${API}/disks/anna/home/move`, request);
  expect(alone).toMatchObject({ status: 404, body: { error: { code: "DISK_HOST" } } });
});

test.each(["name-of-h2", "h2"])(
  "administrators send a disk to another host, %s; a journey that was left half-way goes on by itself",
  async (goal) => {
    const { ask, signIn, proxy, clock } = await openWebFixture();
    const [anna, admin] = [await signIn("anna"), await signIn("admin")];
    proxy.connectHost("h1", {
      "disk.list": () => [copy("anna", "home")],
      "disk.export": ({ journey, partner }) => copy("anna", "home", { state: "leaving", journey, partner }),
    });
    const move = (host: string, as = admin) =>
      ask("POST", `${API}/disks/anna/home/move`, { as, body: { host } });
    expect(await move("name-of-h1")).toMatchObject({ status: 404, body: { error: { code: "DISK_HOST" } } });
    expect(await move("h1")).toMatchObject({ status: 404, body: { error: { code: "DISK_HOST" } } });
    expect(await move("name-of-h1", anna)).toMatchObject({ status: 403 });
    const journey = { journey: "j", partner: "h1" };
    proxy.connectHost("h2", {
      "disk.list": () => [copy("ben", "work", { state: "arrived", ...journey })],
      "disk.settle": () => ({}),
    });
    expect((await move(goal)).status).toBe(202);
    expect(proxy.count("h1", "disk.export")).toBeGreaterThan(0);

    proxy.connectHost("h1", {
      "disk.list": () => [copy("ben", "work", { state: "left", journey: "j", partner: "h2" })],
      "disk.forget": () => ({}),
    });
    expect(proxy.count("h2", "disk.settle")).toBe(0);
    clock.advance(30_000);
    await expect.poll(() => proxy.count("h2", "disk.settle")).toBeGreaterThan(0);
  },
);
