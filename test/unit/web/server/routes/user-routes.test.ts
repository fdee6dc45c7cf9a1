import { expect, test } from "vitest";
import { createdUser, userRow } from "../../../../../web/api/schemas.ts";
import { MEMTEST, PASSWORD, openWebFixture, type WebFixture } from "../../../../support/web-fixture.ts";

const USERS = "/api/v1/users";

async function withAdministrator(): Promise<WebFixture & { as: string }> {
  const fixture = await openWebFixture();
  return { ...fixture, as: await fixture.signIn("admin") };
}

test("a person is added with a password that is told this once, and signs in with it", async () => {
  const { ask, as, proxy, adminId } = await withAdministrator();
  const added = await ask("POST", USERS, { as, body: { name: "carl", role: "operator" } });
  expect(added.status).toBe(201);
  const { id, password } = createdUser.parse(added.body);
  expect(password).toMatch(/^[\w-]{16}$/);
  expect(proxy.audited.at(-1)).toMatchObject({
    ...{ action: "user.create", outcome: "success", role: "operator" },
    ...{ actor: adminId, targetId: id, targetName: "carl" },
  });
  expect(await ask("POST", "/api/v1/login", { body: { name: "carl", password } })).toMatchObject({
    status: 200,
    body: { name: "carl", role: "operator", powers: ["oversee", "operate"] },
  });
  const shown = (await ask("GET", `${USERS}/${id}`, { as })).body;
  expect(userRow.strict().parse(shown)).toMatchObject({ name: "carl", provider: "local", state: "enabled" });
});

test("a password that the administrator chose is not told again", async () => {
  const { ask, as } = await withAdministrator();
  const { body } = await ask("POST", USERS, { as, body: { name: "carl", password: PASSWORD } });
  expect(createdUser.parse(body).password).toBeUndefined();
  expect((await ask("POST", "/api/v1/login", { body: { name: "carl", password: PASSWORD } })).status).toBe(
    200,
  );
});

test.each([
  { name: "carl/x" },
  { name: " carl" },
  { name: "" },
  { name: "a".repeat(65) },
  { name: "c\u0000arl" },
  { name: "carl", role: "king" },
  { name: "carl", password: "too short" },
  { name: "carl", email: "nowhere" },
  { name: "carl", surprise: true },
])("%j is no account", async (body) => {
  const { ask, as, proxy } = await withAdministrator();
  const before = await proxy.stores.users.count();
  expect(await ask("POST", USERS, { as, body })).toMatchObject({
    status: 400,
    body: { error: { code: "INPUT_INVALID" } },
  });
  expect(await proxy.stores.users.count()).toBe(before);
});

test("a name is given once, whatever its case", async () => {
  const { ask, as } = await withAdministrator();
  expect(await ask("POST", USERS, { as, body: { name: "ANNA" } })).toMatchObject({
    status: 409,
    body: { error: { code: "USER_EXISTS" } },
  });
});

test("an account that the log cannot tell of is not there", async () => {
  const { ask, as, proxy } = await withAdministrator();
  proxy.auditFails = true;
  expect(await ask("POST", USERS, { as, body: { name: "carl" } })).toMatchObject({ status: 503 });
  expect(await proxy.stores.users.findByName("carl")).toBeNull();
});

test("people are found by name and e-mail, role and state, page by page", async () => {
  const { ask, as, annaId } = await withAdministrator();
  await ask("POST", USERS, { as, body: { name: "Zoé_1", email: "zoe@example.org", role: "auditor" } });
  await ask("PATCH", `${USERS}/${annaId}`, { as, body: { state: "disabled" } });
  const names = async (query: string) =>
    userRow
      .array()
      .parse((await ask("GET", `${USERS}?${query}`, { as })).body)
      .map(({ name }) => name);
  expect(await names("")).toEqual(["admin", "anna", "ben", "Zoé_1"]);
  expect(await names("search=AN")).toEqual(["anna"]);
  expect(await names("search=zo%C3%89_")).toEqual(["Zoé_1"]);
  expect(await names("search=_")).toEqual(["Zoé_1"]);
  expect(await names("search=EXAMPLE.org")).toEqual(["Zoé_1"]);
  expect(await names("role=auditor")).toEqual(["Zoé_1"]);
  expect(await names("state=disabled")).toEqual(["anna"]);
  expect(await names("state=enabled&role=user")).toEqual(["ben"]);
  expect(await names("limit=2")).toEqual(["admin", "anna"]);
  expect(await names("limit=2&after=anna")).toEqual(["ben", "Zoé_1"]);
  expect((await ask("GET", `${USERS}?limit=1001`, { as })).status).toBe(400);
});

test("a new role ends the logins, and its line is there before", async () => {
  const { ask, as, signIn, proxy, annaId } = await withAdministrator();
  const anna = await signIn("anna");
  const checks = proxy.checks;
  const changed = await ask("PATCH", `${USERS}/${annaId}`, { as, body: { role: "auditor" } });
  expect(changed).toMatchObject({ status: 200, body: { role: "auditor" } });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "user.role", role: "auditor", targetId: annaId });
  expect(proxy.checks).toBeGreaterThan(checks);
  expect((await ask("GET", "/api/v1/me", { as: anna })).status).toBe(401);
  proxy.auditFails = true;
  expect((await ask("PATCH", `${USERS}/${annaId}`, { as, body: { role: "admin" } })).status).toBe(503);
  expect((await proxy.stores.users.find(annaId))?.role).toBe("auditor");
});

test("what does not change is not written down", async () => {
  const { ask, as, proxy, annaId } = await withAdministrator();
  const lines = proxy.audited.length;
  await ask("PATCH", `${USERS}/${annaId}`, { as, body: { role: "user", email: null, state: "enabled" } });
  expect(proxy.audited).toHaveLength(lines);
  await ask("PATCH", `${USERS}/${annaId}`, { as, body: { email: "anna@example.org" } });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "user.change", targetId: annaId });
});

test("another mail address, and an administrator's return, are for who has just confirmed that it is them", async () => {
  const { ask, as, proxy, clock, annaId } = await withAdministrator();
  const boris = await proxy.stores.users.add({ name: "boris", role: "admin", passwordHash: "" });
  await proxy.stores.users.disable(boris.id);
  const change = (id: string, body: object) => ask("PATCH", `${USERS}/${id}`, { as, body });
  const [address, back] = [{ email: "anna@example.org" }, { state: "enabled" }];
  clock.advance(600_000);
  for (const answer of [await change(annaId, address), await change(boris.id, back)])
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "CONFIRM_REQUIRED" } } });
  expect((await change(annaId, { ...back, email: null, role: "operator" })).status).toBe(200);
  const body = { answers: { password: PASSWORD } };
  expect((await ask("POST", "/api/v1/me/confirm", { as, body })).status).toBe(204);
  for (const answer of [await change(annaId, address), await change(boris.id, back)])
    expect(answer.status).toBe(200);
});

test("who is disabled is signed out at once and stays out until enabled; the log's silence does not keep them in", async () => {
  const { ask, as, signIn, proxy, annaId } = await withAdministrator();
  const anna = await signIn("anna");
  proxy.auditFails = true;
  const disabled = await ask("PATCH", `${USERS}/${annaId}`, { as, body: { state: "disabled" } });
  expect(disabled).toMatchObject({ status: 200, body: { state: "disabled" } });
  expect((await ask("GET", "/api/v1/me", { as: anna })).status).toBe(401);
  const refused = await ask("POST", "/api/v1/login", { body: { name: "anna", password: PASSWORD } });
  const unknown = await ask("POST", "/api/v1/login", { body: { name: "nobody", password: PASSWORD } });
  expect([refused.status, refused.body]).toEqual([401, unknown.body]);
  expect((await ask("PATCH", `${USERS}/${annaId}`, { as, body: { state: "enabled" } })).status).toBe(503);
  proxy.auditFails = false;
  expect((await ask("PATCH", `${USERS}/${annaId}`, { as, body: { state: "enabled" } })).status).toBe(200);
  expect((await ask("GET", "/api/v1/me", { as: await signIn("anna") })).status).toBe(200);
});

test.each([
  ["PATCH", { role: "user" }],
  ["PATCH", { state: "disabled" }],
  ["DELETE", undefined],
])("the last administrator stays one: %s %j", async (method, body) => {
  const { ask, as, adminId, proxy } = await withAdministrator();
  const refused = await ask(method, `${USERS}/${adminId}`, { as, body });
  expect(refused).toMatchObject({ status: 409, body: { error: { code: "LAST_ADMIN" } } });
  expect(await proxy.stores.users.find(adminId)).toMatchObject({ role: "admin", disabledAt: null });
  await ask("POST", USERS, { as, body: { name: "second", role: "admin" } });
  expect((await ask(method, `${USERS}/${adminId}`, { as, body })).status).toBeLessThan(300);
});

test("a new password ends the person's logins; who signs in elsewhere has none here", async () => {
  const { ask, as, signIn, proxy, annaId } = await withAdministrator();
  const anna = await signIn("anna");
  const { body } = await ask("POST", `${USERS}/${annaId}/password`, { as });
  const { password } = body as { password: string };
  expect((await ask("GET", "/api/v1/me", { as: anna })).status).toBe(401);
  expect((await ask("POST", "/api/v1/login", { body: { name: "anna", password } })).status).toBe(200);
  expect(proxy.audited.map(({ action }) => action)).toContain("user.password");
  const account = { name: "dora", role: "user", passwordHash: "", provider: "campus", subject: "7" } as const;
  const dora = await proxy.stores.users.add(account);
  expect(await ask("POST", `${USERS}/${dora.id}/password`, { as })).toMatchObject({
    status: 409,
    body: { error: { code: "PASSWORD_ELSEWHERE" } },
  });
});

test("what belongs to an account is counted, and keeps it from being removed", async () => {
  const { ask, as, signIn, proxy, annaId } = await withAdministrator();
  const { stores } = proxy;
  await signIn("anna");
  await signIn("anna");
  await stores.agents.add({ id: "a", name: "a", kind: "agent", publicKey: "a" });
  const { id: desktopId } = await stores.desktops.publish("a", "desk", null);
  const token = { desktopId, role: "view", denied: [], createdBy: annaId } as const;
  await stores.tokens.create({ ...token, token: "abcd2345", expiresAt: Number.MAX_SAFE_INTEGER });
  await stores.tokens.create({ ...token, token: "abcd2346", expiresAt: 0 });
  await stores.machines.add({
    ...{ id: "m1", name: "m", image: MEMTEST.id, ownerId: annaId, cpus: 1, memoryMb: 64, state: "stopped" },
  });
  const holdings = { logins: 2, tokens: 1, machines: 1, dataDisks: 0 };
  expect((await ask("GET", `${USERS}/${annaId}/holdings`, { as })).body).toEqual(holdings);
  const kept = await ask("DELETE", `${USERS}/${annaId}`, { as });
  expect(kept).toMatchObject({ status: 409, body: { error: { code: "USER_HAS_MACHINES" } } });
  expect(JSON.stringify(kept.body)).toContain("anna still has 1 machine.");
  await stores.machines.remove("m1");
  expect((await ask("DELETE", `${USERS}/${annaId}`, { as })).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "user.remove", targetName: "anna" });
  for (const path of ["", "/holdings", "/logins"])
    expect(await ask("GET", `${USERS}/${annaId}${path}`, { as })).toMatchObject({
      status: 404,
      body: { error: { code: "USER_UNKNOWN" } },
    });
});
