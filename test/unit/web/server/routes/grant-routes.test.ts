import { expect, test } from "vitest";
import type { GrantRow, GroupRow } from "../../../../../web/api/schemas.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

async function open() {
  const fixture = await openWebFixture();
  const { ask, signIn, proxy } = fixture;
  const { stores } = proxy;
  await stores.agents.add({ id: "a1", name: "office", kind: "agent", publicKey: "k1" });
  const publish = async (name: string) => (await stores.desktops.publish("a1", name, null)).id;
  const [lab, other] = [await publish("lab-1"), await publish("other")];
  const [admin, anna, ben] = [await signIn("admin"), await signIn("anna"), await signIn("ben")];
  const asAdmin = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await ask(method, `/api/v1${path}`, { as: admin, body });
    if (answer.status >= 400) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  };
  const grant = (to: string, may: string, on: string) =>
    asAdmin<GrantRow>("POST", "/grants", { to, may, on });
  const list = async (as: string) => {
    const rows = (await ask("GET", "/api/v1/desktops", { as })).body as {
      name: string;
      agent: { name: string };
    }[];
    return rows.map(({ name }) => name).toSorted();
  };
  const token = async (as: string, desktop: string, role: string) =>
    (await ask("POST", "/api/v1/tokens", { as, body: { desktop, role, ttlSeconds: 60 } })).status;
  return { ...fixture, stores, lab, other, admin, anna, ben, asAdmin, grant, list, token };
}

test("a grant shows a desktop, and gives no more than it says", async () => {
  const { grant, list, token, anna, ben, lab } = await open();
  expect(await list(anna)).toEqual([]);
  expect(await token(anna, lab, "view")).toBe(404);
  await grant("user:anna", "see", "desktop:lab-*");
  expect(await list(anna)).toEqual(["lab-1"]);
  expect(await token(anna, lab, "view")).toBe(403);
  const { id } = await grant("user:ANNA", "view", "host:office");
  expect(await list(anna)).toEqual(["lab-1", "other"]);
  expect([await token(anna, lab, "view"), await token(anna, lab, "control")]).toEqual([201, 403]);
  expect(await list(ben)).toEqual([]);
  expect(id).not.toBe("");
});

test("lists say how far the reader's right goes", async () => {
  const { grant, ask, admin, anna, annaId, signIn, stores, asAdmin } = await open();
  await grant("user:anna", "see", "desktop:lab-1");
  await grant("user:anna", "view", "desktop:other");
  const ben = await stores.users.findByName("ben");
  await asAdmin("PATCH", `/users/${ben?.id ?? ""}`, { role: "auditor" });
  const machine = { image: "debian", cpus: 1, memoryMb: 512, state: "stopped", ownerId: annaId } as const;
  await stores.machines.add({ ...machine, id: "m1", name: "own" });
  const list = async (as: string) => {
    const rows = await Promise.all(
      ["/desktops", "/machines"].map(async (path) => (await ask("GET", `/api/v1${path}`, { as })).body),
    );
    const all = rows.flat() as { name: string; access: string }[];
    return Object.fromEntries(all.map(({ name, access }) => [name, access]));
  };
  expect(await list(anna)).toEqual({ "lab-1": "see", other: "view", own: "manage" });
  expect(await list(await signIn("ben"))).toEqual({ "lab-1": "see", other: "see", own: "see" });
  expect(await list(admin)).toEqual({ "lab-1": "manage", other: "manage", own: "manage" });
});

test("groups give their members what they are granted, until they leave, and denials win", async () => {
  const { asAdmin, grant, list, anna, annaId, proxy, ask, admin } = await open();
  const group = await asAdmin<GroupRow>("POST", "/groups", { name: "Teachers" });
  await grant("group:teachers", "control", "desktop:lab-1");
  await asAdmin("POST", `/groups/${group.id}/members`, { user: "anna" });
  expect(await list(anna)).toEqual(["lab-1"]);
  const denial = await grant("user:anna", "none", "desktop:lab-?");
  expect(await list(anna)).toEqual([]);
  await asAdmin("DELETE", `/grants/${denial.id}`);
  expect(await list(anna)).toEqual(["lab-1"]);
  expect(await asAdmin("GET", `/groups/${group.id}/members`)).toEqual([{ id: annaId, name: "anna" }]);
  expect(await asAdmin("GET", "/groups?search=teach")).toMatchObject([{ name: "Teachers", members: 1 }]);
  await asAdmin("DELETE", `/groups/${group.id}/members/${annaId}`);
  expect(await list(anna)).toEqual([]);
  expect(proxy.audited.filter(({ action }) => /^gr/.test(action)).map(({ action }) => action)).toEqual([
    "group.add",
    "grant.add",
    "group.join",
    "grant.add",
    "grant.remove",
    "group.leave",
  ]);
  const foreign = await asAdmin<GroupRow>("POST", "/groups", { name: "staff", source: "ldap" });
  const join = await ask("POST", `/api/v1/groups/${foreign.id}/members`, {
    as: admin,
    body: { user: "anna" },
  });
  expect(join).toMatchObject({ status: 409, body: { error: { code: "GROUP_ELSEWHERE" } } });
});

test("a renamed group keeps its grants and limits, and no two have one name", async () => {
  const { asAdmin, grant, list, anna, proxy, ask, admin } = await open();
  const limits = { machines: 3 };
  const group = await asAdmin<GroupRow>("POST", "/groups", { name: "lab", limits });
  await grant("group:lab", "control", "desktop:lab-1");
  await asAdmin("POST", `/groups/${group.id}/members`, { user: "anna" });
  const patch = (body: object) => ask("PATCH", `/api/v1/groups/${group.id}`, { as: admin, body });
  expect(await patch({ name: "Workshop" })).toMatchObject({
    status: 200,
    body: { id: group.id, name: "Workshop", limits, members: 1 },
  });
  expect(await list(anna)).toEqual(["lab-1"]);
  expect(await asAdmin("GET", "/grants?to=group:workshop")).toHaveLength(1);
  expect(proxy.audited.at(-1)).toMatchObject({
    action: "group.rename",
    groupId: group.id,
    groupName: "Workshop",
  });
  await asAdmin("POST", "/groups", { name: "lab" });
  expect(await patch({ name: "LAB" })).toMatchObject({
    status: 409,
    body: { error: { code: "GROUP_EXISTS" } },
  });
  expect(await patch({ name: "WORKSHOP" })).toMatchObject({ status: 200, body: { name: "WORKSHOP" } });
  expect(await patch({})).toMatchObject({ status: 400 });
});

test("no right is given without its line, and taking one away does not wait for it", async () => {
  const { grant, asAdmin, list, anna, proxy, ask, admin, lab } = await open();
  const group = await asAdmin<GroupRow>("POST", "/groups", { name: "g" });
  const { id } = await grant("user:anna", "view", "desktop:lab-1");
  const denial = await grant("group:g", "none", "desktop:other");
  await asAdmin("POST", `/groups/${group.id}/members`, { user: "anna" });
  proxy.auditFails = true;
  const refused = { status: 503, body: { error: { code: "AUDIT_UNAVAILABLE" } } };
  const body = { to: "user:anna", may: "view", on: "desktop:other" };
  expect(await ask("POST", "/api/v1/grants", { as: admin, body })).toMatchObject(refused);
  expect(
    await ask("PUT", `/api/v1/desktops/${lab}/labels`, { as: admin, body: { labels: ["x"] } }),
  ).toMatchObject(refused);
  // These end denials.
  expect(await ask("DELETE", `/api/v1/grants/${denial.id}`, { as: admin })).toMatchObject(refused);
  expect(await ask("DELETE", `/api/v1/groups/${group.id}`, { as: admin })).toMatchObject(refused);
  expect(await list(anna)).toEqual(["lab-1"]);
  await asAdmin("DELETE", `/grants/${id}`);
  expect(await list(anna)).toEqual([]);
});

test("labels of desktops and agents are what grants may be about", async () => {
  const { grant, asAdmin, list, anna, lab, proxy } = await open();
  await grant("user:anna", "view", "label:room-12");
  expect(await list(anna)).toEqual([]);
  await asAdmin("PUT", `/desktops/${lab}/labels`, { labels: ["room-12"] });
  expect(await list(anna)).toEqual(["lab-1"]);
  await asAdmin("PUT", "/agents/a1/labels", { labels: ["room-12", "windows"] });
  expect(await list(anna)).toEqual(["lab-1", "other"]);
  expect(await asAdmin("GET", "/labels")).toHaveLength(2);
  await asAdmin("PUT", "/agents/a1/labels", { labels: [] });
  expect(await list(anna)).toEqual(["lab-1"]);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "agent.label", agentId: "a1", actorName: "admin" });
});

test("who may use this, and what may this person use", async () => {
  const { asAdmin, grant, anna, annaId, lab, other, ask, stores } = await open();
  const group = await asAdmin<GroupRow>("POST", "/groups", { name: "g" });
  for (const user of ["anna", "ben"]) await asAdmin("POST", `/groups/${group.id}/members`, { user });
  await grant("group:g", "view", "desktop:lab-*");
  await grant("user:anna", "manage", "desktop:office/lab-1");
  await grant("user:ben", "none", "host:office");
  await grant("user:ben", "manage", "desktop:elsewhere/lab-1");
  expect(await asAdmin("GET", `/desktops/${lab}/access`)).toMatchObject({
    owner: null,
    grants: expect.arrayContaining([
      expect.objectContaining({ to: expect.objectContaining({ kind: "group", name: "g" }), may: "view" }),
      expect.objectContaining({ may: "manage", on: { kind: "desktop", pattern: "office/lab-1" } }),
      expect.objectContaining({ may: "none", on: { kind: "host", pattern: "office" } }),
    ]),
    people: expect.arrayContaining([
      expect.objectContaining({ name: "anna", level: "manage" }),
      expect.objectContaining({ name: "ben", level: null }),
    ]),
    more: false,
  });
  await stores.machines.add({
    ...{
      id: "m1",
      name: "lab-9",
      image: "debian",
      cpus: 1,
      memoryMb: 512,
      state: "stopped",
      ownerId: annaId,
    },
  });
  expect(await asAdmin("GET", "/machines/m1/access")).toMatchObject({
    owner: { id: annaId, name: "anna" },
    grants: [{ may: "view", on: { pattern: "lab-*" } }],
    people: expect.arrayContaining([
      expect.objectContaining({ name: "anna", level: "manage" }),
      expect.objectContaining({ name: "ben", level: "view" }),
    ]),
  });
  const find = async (query: string) =>
    (await asAdmin<GrantRow[]>("GET", `/grants?${query}`)).map(({ on }) => `${on.kind}:${on.pattern}`);
  expect(await find("target=host")).toEqual(["host:office"]);
  expect(await find("search=ELSE")).toEqual(["desktop:elsewhere/lab-1"]);
  expect(await find("target=desktop&search=%25")).toEqual([]);
  expect(await asAdmin("GET", `/desktops/${other}/access`)).toMatchObject({
    people: [{ name: "ben", level: null }],
  });
  expect(await asAdmin("GET", `/users/${annaId}/access`)).toMatchObject({
    role: "user",
    groups: [{ id: group.id, name: "g", source: "own" }],
    grants: expect.arrayContaining([
      expect.objectContaining({ may: "view" }),
      expect.objectContaining({ may: "manage" }),
    ]),
    machines: [{ id: "m1", name: "lab-9", level: "manage" }],
    desktops: [{ id: lab, name: "lab-1", agent: "office", level: "manage" }],
    more: false,
  });
  for (const path of ["/groups", "/grants", "/labels", `/users/${annaId}/access`, `/desktops/${lab}/access`])
    expect([path, (await ask("GET", `/api/v1${path}`, { as: anna })).status]).toEqual([path, 403]);
  const body = { to: "user:anna", may: "manage", on: "desktop:*" };
  expect((await ask("POST", "/api/v1/grants", { as: anna, body })).status).toBe(403);
});

test.each<[object, number, string]>([
  [{ to: "user:nobody", may: "view", on: "desktop:x" }, 404, "USER_UNKNOWN"],
  [{ to: "group:nobody", may: "view", on: "desktop:x" }, 404, "GROUP_UNKNOWN"],
  [{ to: "anna", may: "view", on: "desktop:x" }, 400, "INPUT_INVALID"],
  [{ to: "user:anna", may: "own", on: "desktop:x" }, 400, "INPUT_INVALID"],
  [{ to: "user:anna", may: "view", on: "room:x" }, 400, "INPUT_INVALID"],
  [{ to: "user:anna", may: "create", on: "desktop:x" }, 400, "INPUT_INVALID"],
  [{ to: "user:anna", may: "view", on: "image:x" }, 400, "INPUT_INVALID"],
])("grant %j is refused", async (body, status, code) => {
  const { ask, signIn } = await openWebFixture();
  const answer = await ask("POST", "/api/v1/grants", { as: await signIn("admin"), body });
  expect(answer).toMatchObject({ status, body: { error: { code } } });
});

test("another person's machine is shown by a pseudonym of its owner, and may be used as far as granted", async () => {
  const { stores, grant, ask, ben, admin, annaId } = await open();
  const machine = { image: "debian", cpus: 1, memoryMb: 512, state: "stopped", ownerId: annaId } as const;
  await stores.machines.add({ ...machine, id: "m1", name: "thesis" });
  const get = async (as: string) => (await ask("GET", "/api/v1/machines/m1", { as })).body;
  expect(await get(ben)).toMatchObject({ error: { code: "MACHINE_UNKNOWN" } });
  await grant("user:ben", "view", "desktop:thesis");
  const rows = (await ask("GET", "/api/v1/machines", { as: ben })).body as { name: string; owner: string }[];
  expect(rows.map(({ name }) => name)).toEqual(["thesis"]);
  expect(rows[0]?.owner).toMatch(/^person-[0-9a-f]{6}$/);
  expect(await get(admin)).toMatchObject({ owner: "anna" });
  const remove = await ask("DELETE", "/api/v1/machines/m1", { as: ben });
  expect(remove).toMatchObject({ status: 403, body: { error: { code: "MACHINE_FORBIDDEN" } } });
});

test("limits of groups: the most generous of a person's; an unknown limit is refused", async () => {
  const { asAdmin, ask, anna, admin } = await open();
  const limitsOf = async () =>
    ((await ask("GET", "/api/v1/allowance", { as: anna })).body as { limits: object }).limits;
  expect(await limitsOf()).toMatchObject({ machines: 20, cpus: null });
  for (const [name, limits] of [
    ["small", { machines: 2, cpus: 4 }],
    ["large", { machines: 5 }],
  ] as const) {
    const { id } = await asAdmin<GroupRow>("POST", "/groups", { name, limits });
    await asAdmin("POST", `/groups/${id}/members`, { user: "anna" });
  }
  expect(await limitsOf()).toMatchObject({ machines: 5, cpus: 4 });
  const body = { name: "odd", limits: { disks: 1 } };
  expect(await ask("POST", "/api/v1/groups", { as: admin, body })).toMatchObject({ status: 400 });
});
