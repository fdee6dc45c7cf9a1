import { expect, test } from "vitest";
import { openWebFixture, type WebFixture, type WebResponse } from "../../../../support/web-fixture.ts";

const API = "/api/v1";
const ALL = ["read", "machines", "desktops"];

interface Token {
  readonly id: string;
  readonly token: string;
}

async function makeToken(fixture: WebFixture, name: string, about: object = {}): Promise<Token> {
  const as = await fixture.signIn(name);
  const body = { name: "tests", scopes: ALL, ...about };
  const answer = await fixture.ask("POST", `${API}/me/api-tokens`, { as, body });
  expect(answer.status).toBe(201);
  return answer.body as Token;
}

function askWith(
  { ask }: WebFixture,
  token: string,
  method: string,
  path: string,
  more: { body?: unknown; as?: string; from?: string } = {},
): Promise<WebResponse> {
  const headers = { authorization: `Bearer ${token}`, "sec-fetch-site": undefined };
  return ask(method, API + path, { ...more, headers });
}

test("a token is shown once, listed without its value, and known by its hash alone", async () => {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("anna");
  const { id, token } = await makeToken(fixture, "anna", { ttlSeconds: 3600, sources: ["127.0.0.0/8"] });
  expect(token).toMatch(/^pst_[\w-]{43}$/);
  const listed = await fixture.ask("GET", `${API}/me/api-tokens`, { as });
  expect(listed.body).toMatchObject([
    { id, name: "tests", scopes: ALL, sources: ["127.0.0.0/8"], lastUsedAt: null },
  ]);
  expect(JSON.stringify(listed.body)).not.toContain(token);
  expect(fixture.proxy.audited.at(-1)).toMatchObject({
    action: "apitoken.create",
    actorName: "anna",
    tokenId: id,
  });
  expect(JSON.stringify(fixture.proxy.audited)).not.toContain(token);
});

test("a request with a token needs no page and no cookie, and is written down as the token's", async () => {
  const fixture = await openWebFixture();
  const { id, token } = await makeToken(fixture, "anna");
  expect(await askWith(fixture, token, "GET", "/me")).toMatchObject({ status: 200, body: { name: "anna" } });
  const before = await fixture.proxy.stores.desktops.list();
  expect(before).toEqual([]);
  expect(await askWith(fixture, token, "POST", "/desktops/shown", { body: { desktops: [] } })).toMatchObject({
    status: 204,
  });
  const end = await askWith(fixture, token, "POST", "/logout", {});
  expect(end.status).toBe(204);
  expect(fixture.proxy.audited.at(-1)).toMatchObject({
    action: "apitoken.revoke",
    method: "api-token",
    tokenId: id,
  });
  expect(await askWith(fixture, token, "GET", "/me")).toMatchObject({ status: 401 });
});

test("the cookie does not count beside a token, right or wrong", async () => {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("admin");
  const { token } = await makeToken(fixture, "anna");
  expect((await askWith(fixture, token, "GET", "/me", { as })).body).toMatchObject({ name: "anna" });
  for (const wrong of ["", "pst_", `pst_${"x".repeat(43)}`, `${token}x`, token.slice(4)])
    expect(await askWith(fixture, wrong, "GET", "/me", { as }), wrong).toMatchObject({
      status: 401,
      body: { error: { code: "API_TOKEN_REFUSED" } },
    });
  // Another scheme is a reverse proxy's, and none of ours.
  const basic = await fixture.ask("GET", `${API}/me`, { as, headers: { authorization: "Basic eDp5" } });
  expect(basic.body).toMatchObject({ name: "admin" });
});

test("scopes: what a token does not have is refused, whatever its account may", async () => {
  const fixture = await openWebFixture();
  const { token } = await makeToken(fixture, "admin", { scopes: ["read"] });
  expect((await askWith(fixture, token, "GET", "/machines")).status).toBe(200);
  for (const [method, path] of [
    ["POST", "/machines"],
    ["POST", "/tickets"],
    ["GET", "/users"],
    ["GET", "/audit"],
  ] as const)
    expect(await askWith(fixture, token, method, path), path).toMatchObject({
      status: 403,
      body: { error: { code: "SCOPE_REQUIRED" } },
    });
});

test("a token makes no token, and changes no password", async () => {
  const fixture = await openWebFixture();
  const { token } = await makeToken(fixture, "admin", { scopes: [...ALL, "admin"] });
  for (const path of ["/me/api-tokens", "/me/password", `/users/${fixture.annaId}/api-tokens`])
    expect(await askWith(fixture, token, "POST", path, { body: {} }), path).toMatchObject({
      status: 403,
      body: { error: { code: "API_TOKEN_FORBIDDEN" } },
    });
});

test("a token never may more than its account: no admin scope for those without a role", async () => {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("anna");
  const body = { name: "tests", scopes: ["admin"] };
  expect(await fixture.ask("POST", `${API}/me/api-tokens`, { as, body })).toMatchObject({
    status: 403,
    body: { error: { code: "ADMIN_REQUIRED" } },
  });
  const { token } = await makeToken(fixture, "anna");
  expect(await askWith(fixture, token, "GET", "/sessions")).toMatchObject({ status: 403 });
});

test.each([
  ["disabled", { state: "disabled" }],
  ["given another role", { role: "auditor" }],
])("a token ends when its account is %s", async (_what, change) => {
  const fixture = await openWebFixture();
  const { token } = await makeToken(fixture, "anna");
  const as = await fixture.signIn("admin");
  expect((await fixture.ask("PATCH", `${API}/users/${fixture.annaId}`, { as, body: change })).status).toBe(
    200,
  );
  expect(await askWith(fixture, token, "GET", "/me")).toMatchObject({ status: 401 });
});

test("a token works until its time, and says when it was last used", async () => {
  const fixture = await openWebFixture();
  const { id, token } = await makeToken(fixture, "anna", { ttlSeconds: 7200 });
  const readUse = async () =>
    (await fixture.proxy.stores.apiTokens.listByUser(fixture.annaId, fixture.clock.now())).find(
      (one) => one.id === id,
    )?.lastUsedAt;
  const first = fixture.clock.now();
  await askWith(fixture, token, "GET", "/me");
  fixture.clock.advance(59_000);
  await askWith(fixture, token, "GET", "/me");
  expect(await readUse()).toBe(first);
  fixture.clock.advance(1_000);
  await askWith(fixture, token, "GET", "/me");
  expect(await readUse()).toBe(first + 60_000);
  fixture.clock.advance(7_200_000 - 60_000 - 1);
  expect((await askWith(fixture, token, "GET", "/me")).status).toBe(200);
  fixture.clock.advance(1);
  expect((await askWith(fixture, token, "GET", "/me")).status).toBe(401);
});

test("from elsewhere than its ranges a token is as unknown as any; only the audit log knows", async () => {
  const fixture = await openWebFixture();
  const { token } = await makeToken(fixture, "anna", { sources: ["127.0.0.1", "2001:db8::/32"] });
  expect((await askWith(fixture, token, "GET", "/me")).status).toBe(200);
  const elsewhere = await askWith(fixture, token, "GET", "/me", { from: "127.0.0.2" });
  const unknown = await askWith(fixture, `pst_${"x".repeat(43)}`, "GET", "/me");
  expect(elsewhere.status).toBe(401);
  expect(elsewhere.body).toEqual(unknown.body);
  expect(fixture.proxy.audited.map(({ reason }) => reason)).toContain("API_TOKEN_SOURCE");
});

test.each([
  [{ scopes: [] }],
  [{ scopes: ["everything"] }],
  [{ ttlSeconds: 31_536_001 }],
  [{ ttlSeconds: 59 }],
  [{ sources: ["10.0.0.0/33"] }],
  [{ sources: ["example.org"] }],
  [{ name: "" }],
  [{ role: "admin" }],
])("%j is refused", async (about) => {
  const { ask, signIn } = await openWebFixture();
  const body = { name: "tests", scopes: ["read"], ...about };
  const answer = await ask("POST", `${API}/me/api-tokens`, { as: await signIn("anna"), body });
  expect(answer).toMatchObject({ status: 400, body: { error: { code: "INPUT_INVALID" } } });
});

test("wrong tokens make their source wait, and leave right ones alone", async () => {
  const fixture = await openWebFixture();
  const { token } = await makeToken(fixture, "anna");
  await askWith(fixture, token, "GET", "/me");
  const wrong = async () => (await askWith(fixture, `pst_${"x".repeat(43)}`, "GET", "/me")).status;
  for (let times = 0; times < 10; times += 1) expect(await wrong()).toBe(401);
  expect(await wrong()).toBe(429);
  expect((await askWith(fixture, token, "GET", "/me")).status).toBe(200);
  fixture.clock.advance(1_000);
  expect(await wrong()).toBe(401);
});

test("fifty tokens are enough for an account", async () => {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("anna");
  const make = () =>
    fixture.ask("POST", `${API}/me/api-tokens`, { as, body: { name: "t", scopes: ["read"] } });
  const made = await Promise.all(Array.from({ length: 51 }, make));
  expect(made.filter(({ status }) => status === 201)).toHaveLength(50);
  expect(made.find(({ status }) => status !== 201)?.body).toMatchObject({
    error: { code: "LIMIT_API_TOKENS" },
  });
});

test("without its audit line there is no token", async () => {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("anna");
  fixture.proxy.auditFails = true;
  const body = { name: "tests", scopes: ["read"] };
  const answer = await fixture.ask("POST", `${API}/me/api-tokens`, { as, body });
  expect(answer).toMatchObject({ status: 503, body: { error: { code: "AUDIT_UNAVAILABLE" } } });
  expect(await fixture.proxy.stores.apiTokens.listByUser(fixture.annaId, fixture.clock.now())).toEqual([]);
});

test("a ticket carries its token, so that the session ends with it", async () => {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "agent-1", name: "h", kind: "host", admitted: true, publicKey: "k" });
  const machine = { image: "i", state: "running", cpus: 1, memoryMb: 64 } as const;
  await stores.machines.add({ ...machine, id: "m-1", name: "lab", ownerId: fixture.annaId });
  await stores.machines.update("m-1", { agentId: "agent-1" });
  await stores.desktops.publish("agent-1", "lab", "m-1");
  const { token } = await makeToken(fixture, "anna");
  const ticket = await askWith(fixture, token, "POST", "/tickets", { body: { desktop: "lab" } });
  expect(ticket.status).toBe(201);
  const [hash] = fixture.proxy.ticketLogins;
  expect(await stores.apiTokens.find(hash!, fixture.clock.now())).toMatchObject({ userId: fixture.annaId });
});

test("a service account has no password, and an administrator makes its tokens", async () => {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("admin");
  const body = { name: "bot", role: "operator", service: true };
  const made = await fixture.ask("POST", `${API}/users`, { as, body });
  expect(made).toMatchObject({ status: 201, body: { name: "bot", provider: "service" } });
  expect(made.body).not.toHaveProperty("password");
  const { id } = made.body as { id: string };
  const withPassword = { ...body, name: "bot-2", password: "correct horse" };
  expect((await fixture.ask("POST", `${API}/users`, { as, body: withPassword })).status).toBe(400);
  for (const password of ["", "correct horse"])
    expect((await fixture.ask("POST", `${API}/login`, { body: { name: "bot", password } })).status).not.toBe(
      200,
    );
  expect((await fixture.ask("POST", `${API}/users/${id}/password`, { as })).status).toBe(409);
  const grant = { name: "ci", scopes: ["read", "admin"] };
  const token = await fixture.ask("POST", `${API}/users/${id}/api-tokens`, { as, body: grant });
  expect(token.status).toBe(201);
  const value = (token.body as Token).token;
  expect((await askWith(fixture, value, "GET", "/sessions")).status).toBe(200);
  const foreign = await fixture.ask("POST", `${API}/users/${fixture.annaId}/api-tokens`, { as, body: grant });
  expect(foreign).toMatchObject({ status: 409, body: { error: { code: "SERVICE_REQUIRED" } } });
});
