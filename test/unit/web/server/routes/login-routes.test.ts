import { pino } from "pino";
import { expect, test } from "vitest";
import { errorBody } from "../../../../../web/index.ts";
import { PASSWORD, cookieOf, openWebFixture } from "../../../../support/web-fixture.ts";

const LOGIN = "/api/v1/login";

test("the cookie is locked down, says who it is, and is stored only as a hash", async () => {
  const { ask } = await openWebFixture();
  const answer = await ask("POST", LOGIN, { body: { name: "Anna", password: PASSWORD } });
  expect(answer).toMatchObject({ status: 200, body: { name: "anna", role: "user" } });
  const [set = ""] = answer.headers["set-cookie"] ?? [];
  expect(set).toMatch(/^__Host-postern=[\w-]{43}; /);
  for (const flag of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43200"])
    expect(set.split("; ")).toContain(flag);
  expect(set).not.toContain("Domain");
  const me = await ask("GET", "/api/v1/me", { as: cookieOf(answer) });
  expect(me).toMatchObject({ status: 200, body: { name: "anna", role: "user" } });
});

test("who is not signed in learns what the sign-in page shows", async () => {
  const { ask } = await openWebFixture();
  const { body } = await ask("GET", "/api/v1/me");
  const { signIn } = errorBody.parse(body).error;
  expect(signIn?.fields.map(({ name, kind }) => [name, kind])).toEqual([
    ["name", "text"],
    ["password", "password"],
  ]);
  expect(signIn?.buttons).toEqual([{ label: { en: "Sign in", fr: "Se connecter" }, href: null }]);
  const refused = await ask("POST", LOGIN, { body: { name: "anna", password: "wrong" } });
  expect(errorBody.parse(refused.body).error.signIn).toBeUndefined();
});

test("a wrong password and an unknown name get the same answer, and an audit line without the typed name", async () => {
  const { ask, proxy, annaId } = await openWebFixture();
  const wrong = await ask("POST", LOGIN, { body: { name: "anna", password: "wrong" } });
  const unknown = await ask("POST", LOGIN, { body: { name: "my-secret-password", password: "wrong" } });
  expect(wrong.status).toBe(401);
  expect(wrong.body).toEqual(unknown.body);
  expect(wrong.body).toMatchObject({ error: { code: "LOGIN_REFUSED" } });
  expect(wrong.headers["set-cookie"]).toBeUndefined();
  expect(proxy.audited.map(({ action, outcome }) => [action, outcome])).toEqual([
    ["login.failure", "failure"],
    ["login.failure", "failure"],
  ]);
  expect(proxy.audited[0]).toMatchObject({ actor: annaId, source: { address: "127.0.0.1" } });
  expect(JSON.stringify(proxy.audited)).not.toContain("my-secret-password");
});

test("guessing is answered 429 with Retry-After, before the password is looked at", async () => {
  const { ask, clock } = await openWebFixture();
  const login = (password: string, from = "127.0.0.1") =>
    ask("POST", LOGIN, { body: { name: "anna", password }, from });
  for (let n = 0; n < 5; n += 1) expect((await login("wrong")).status).toBe(401);
  const throttled = await login(PASSWORD);
  expect(throttled).toMatchObject({ status: 429, body: { error: { code: "LOGIN_THROTTLED" } } });
  expect(throttled.headers["retry-after"]).toBe("1");
  expect((await login(PASSWORD, "127.0.0.2")).status).toBe(200);
  clock.advance(1000);
  expect((await login(PASSWORD)).status).toBe(200);
});

test("parallel guesses count each", async () => {
  const { ask } = await openWebFixture();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask("POST", LOGIN, { body: { name: "anna", password: "wrong" } })),
  );
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
});

test("after signing out, after twelve hours, and with a made-up cookie nobody is signed in", async () => {
  const { ask, signIn, clock } = await openWebFixture();
  const me = async (as: string) => (await ask("GET", "/api/v1/me", { as })).status;
  const first = await signIn("anna");
  const second = await signIn("anna");
  const out = await ask("POST", "/api/v1/logout", { as: first });
  expect(out.status).toBe(204);
  expect(out.headers["set-cookie"]?.[0]).toMatch(/^__Host-postern=;.*Secure/);
  expect(await me(first)).toBe(401);
  clock.advance(12 * 3600_000 - 1);
  expect(await me(second)).toBe(200);
  clock.advance(1);
  expect(await me(second)).toBe(401);
  expect(await me(`__Host-postern=${"A".repeat(43)}`)).toBe(401);
  expect(await me("__Host-postern=' or 1=1")).toBe(401);
});

test("signing in again in one browser ends the login it had", async () => {
  const { ask, signIn } = await openWebFixture();
  const first = await signIn("anna");
  const again = await ask("POST", LOGIN, { as: first, body: { name: "ben", password: PASSWORD } });
  expect(again.status).toBe(200);
  expect((await ask("GET", "/api/v1/me", { as: first })).status).toBe(401);
  expect((await ask("GET", "/api/v1/me", { as: cookieOf(again) })).body).toMatchObject({ name: "ben" });
});

test("no password and no cookie gets into the log", async () => {
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const { ask, signIn } = await openWebFixture({ log });
  const cookie = await signIn("anna");
  await ask("POST", LOGIN, { body: { name: "anna", password: "canary-password" } });
  await ask("GET", "/api/v1/machines?secret=canary-query", { as: cookie });
  await ask("POST", LOGIN, { body: "canary-body" });
  const text = lines.join("");
  expect(text).toContain("http.request");
  expect(text).not.toContain("canary");
  expect(text).not.toContain(PASSWORD);
  expect(text).not.toContain(cookie.split("=")[1]);
});

test("what a login opened is looked at as soon as it ends; a ticket says which login that is", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const { stores } = proxy;
  await stores.agents.add({ id: "a", name: "a", kind: "agent", publicKey: "a" });
  const { id: desktop } = await stores.desktops.publish("a", "desk", null);
  const admin = await signIn("admin");
  expect((await ask("POST", "/api/v1/tickets", { as: admin, body: { desktop } })).status).toBe(201);
  const [loginHash] = proxy.ticketLogins;
  expect(await stores.logins.find(loginHash!, 0)).not.toBeNull();
  expect(proxy.checks).toBe(0);
  await ask("POST", "/api/v1/logout", { as: admin });
  expect(await stores.logins.find(loginHash!, 0)).toBeNull();
  expect(proxy.checks).toBe(1);
});
