import { expect, test } from "vitest";
import { loginRow, type LoginRow } from "../../../../../web/api/schemas.ts";
import { PASSWORD, openWebFixture, type WebFixture } from "../../../../support/web-fixture.ts";

const NEW_PASSWORD = "another horse";

async function readLogins(ask: WebFixture["ask"], as: string, path = "/me/logins"): Promise<LoginRow[]> {
  return loginRow
    .strict()
    .array()
    .parse((await ask("GET", `/api/v1${path}`, { as })).body);
}

test("everybody reads their own account, without anything secret", async () => {
  const { ask, signIn, annaId } = await openWebFixture();
  const { body } = await ask("GET", "/api/v1/me/account", { as: await signIn("anna") });
  expect(body).toMatchObject({ id: annaId, name: "anna", role: "user", provider: "local", email: null });
  expect(JSON.stringify(body)).not.toContain("scrypt");
});

test("a new password takes the old one, keeps this login and ends the others", async () => {
  const { ask, signIn, proxy, annaId } = await openWebFixture();
  const [here, there] = [await signIn("anna"), await signIn("anna")];
  const change = (current: string) =>
    ask("POST", "/api/v1/me/password", { as: here, body: { current, password: NEW_PASSWORD } });
  expect(await change("wrong")).toMatchObject({ status: 403, body: { error: { code: "PASSWORD_WRONG" } } });
  expect(proxy.audited.at(-1)).toMatchObject({
    ...{ action: "user.password", outcome: "failure", reason: "PASSWORD_WRONG", actor: annaId },
  });
  expect((await change(PASSWORD)).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "user.password", reason: "SELF", targetId: annaId });
  expect((await ask("GET", "/api/v1/me", { as: here })).status).toBe(200);
  expect((await ask("GET", "/api/v1/me", { as: there })).status).toBe(401);
  const signInWith = (password: string) => ask("POST", "/api/v1/login", { body: { name: "anna", password } });
  expect((await signInWith(PASSWORD)).status).toBe(401);
  expect((await signInWith(NEW_PASSWORD)).status).toBe(200);
});

test("who finds a browser open cannot guess the password there", async () => {
  const { ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  const guess = () =>
    ask("POST", "/api/v1/me/password", { as, body: { current: "wrong", password: NEW_PASSWORD } });
  const statuses: number[] = [];
  for (let n = 0; n < 7; n += 1) statuses.push((await guess()).status);
  expect(statuses.slice(0, 5)).toEqual([403, 403, 403, 403, 403]);
  expect(statuses.at(-1)).toBe(429);
  // The guesses do not lock the owner out at home.
  const body = { name: "anna", password: PASSWORD };
  expect((await ask("POST", "/api/v1/login", { body, from: "127.0.0.2" })).status).toBe(200);
});

test("a password that is too short, and one that another service keeps, are not changed", async () => {
  const { ask, signIn, proxy, annaId } = await openWebFixture();
  const as = await signIn("anna");
  const change = (password: string) =>
    ask("POST", "/api/v1/me/password", { as, body: { current: PASSWORD, password } });
  expect(await change("too short")).toMatchObject({ status: 400 });
  const before = (await proxy.stores.users.find(annaId))?.passwordHash;
  proxy.auditFails = true;
  expect((await change(NEW_PASSWORD)).status).toBe(503);
  expect((await proxy.stores.users.find(annaId))?.passwordHash).toBe(before);
});

test("logins are listed with where they are from, this one marked, and are ended one by one or all", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const as = await signIn("anna");
  const other = await signIn("anna");
  const body = { name: "anna", password: PASSWORD };
  await ask("POST", "/api/v1/login", { body, headers: { "user-agent": "curl/8 \u00ff".repeat(50) } });
  const listed = await readLogins(ask, as);
  expect(listed).toHaveLength(3);
  expect(listed.filter(({ current }) => current)).toHaveLength(1);
  expect(listed.every(({ address }) => address === "127.0.0.1")).toBe(true);
  const [named] = listed.filter(({ browser }) => browser?.startsWith("curl/8") === true);
  expect(named?.browser).toMatch(/^[ -~]{120}$/);

  const end = (id: string) => ask("DELETE", `/api/v1/me/logins/${id}`, { as });
  expect((await end(named!.id)).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "login.end", targetName: "anna", count: 1 });
  expect(await end(named!.id)).toMatchObject({ status: 404, body: { error: { code: "LOGIN_UNKNOWN" } } });
  expect((await ask("DELETE", "/api/v1/me/logins", { as })).status).toBe(204);
  expect((await ask("GET", "/api/v1/me", { as: other })).status).toBe(401);
  expect(await readLogins(ask, as)).toHaveLength(1);
});

test("nobody ends or sees another person's logins but administrators", async () => {
  const { ask, signIn, annaId } = await openWebFixture();
  const [anna, ben, admin] = [await signIn("anna"), await signIn("ben"), await signIn("admin")];
  const [login] = await readLogins(ask, anna);
  const end = (as: string, path: string) => ask("DELETE", `/api/v1${path}`, { as });
  expect((await end(ben, `/me/logins/${login!.id}`)).status).toBe(404);
  expect((await ask("GET", `/api/v1/users/${annaId}/logins`, { as: ben })).status).toBe(403);
  expect((await end(ben, `/users/${annaId}/logins`)).status).toBe(403);
  expect((await end(ben, `/users/${annaId}/logins/${login!.id}`)).status).toBe(403);
  expect((await ask("GET", "/api/v1/me", { as: anna })).status).toBe(200);
  const seen = await readLogins(ask, admin, `/users/${annaId}/logins`);
  expect(seen).toMatchObject([{ id: login!.id, current: false }]);
  expect((await end(admin, `/users/${annaId}/logins/${login!.id}`)).status).toBe(204);
  expect((await ask("GET", "/api/v1/me", { as: anna })).status).toBe(401);
});

test("an administrator who ends all of their own logins keeps the one that asks", async () => {
  const { ask, signIn, adminId } = await openWebFixture();
  const [here, there] = [await signIn("admin"), await signIn("admin")];
  expect((await ask("DELETE", `/api/v1/users/${adminId}/logins`, { as: here })).status).toBe(204);
  expect((await ask("GET", "/api/v1/me", { as: here })).status).toBe(200);
  expect((await ask("GET", "/api/v1/me", { as: there })).status).toBe(401);
});
