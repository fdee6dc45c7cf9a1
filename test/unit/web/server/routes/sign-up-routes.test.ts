import { expect, test } from "vitest";
import { signUpRow, type SignUpRow } from "../../../../../web/api/schemas.ts";
import { openWebFixture, PASSWORD, type WebFixture } from "../../../../support/web-fixture.ts";

const SIGN_UP = "/api/v1/sign-up";
const REQUESTS = "/api/v1/sign-up-requests";
const DAY = 86_400_000;
const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

interface Asked extends WebFixture {
  readonly as: string;
  /** Asks for an account. */
  request(name: string, about?: object): ReturnType<WebFixture["ask"]>;
  login(name: string, password?: string): ReturnType<WebFixture["ask"]>;
  list(): Promise<SignUpRow[]>;
}

async function openSignUp(): Promise<Asked> {
  const fixture = await openWebFixture({ signUp: true });
  const { ask } = fixture;
  const as = await fixture.signIn("admin");
  return {
    ...fixture,
    as,
    request: (name, about = {}) =>
      ask("POST", SIGN_UP, { body: { name, password: "battery staple", reason: "course", ...about } }),
    login: (name, password = "battery staple") => ask("POST", "/api/v1/login", { body: { name, password } }),
    list: async () =>
      signUpRow
        .strict()
        .array()
        .parse((await ask("GET", REQUESTS, { as })).body),
  };
}

test("nobody asks for an account where that is not switched on, and the form does not offer it", async () => {
  const { ask } = await openWebFixture();
  const body = { name: "nina", password: PASSWORD, reason: "course" };
  expect(await ask("POST", SIGN_UP, { body })).toMatchObject(refused(403, "SIGN_UP_OFF"));
  const { body: refusal } = await ask("GET", "/api/v1/me");
  expect(JSON.stringify(refusal)).not.toContain("signUp");
});

test("who asks is told to wait after the right password alone, and enters once approved", async () => {
  const { ask, as, request, login, list, proxy, adminId } = await openSignUp();
  expect((await ask("GET", "/api/v1/me")).body).toMatchObject({ error: { signIn: { signUp: true } } });
  expect((await request("nina", { reason: " Course B " })).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "signup.request", targetName: "nina" });
  expect(await login("NINA")).toMatchObject(refused(403, "ACCOUNT_REQUESTED"));
  expect(await login("nina", PASSWORD)).toMatchObject(refused(401, "LOGIN_REFUSED"));
  const [row] = await list();
  expect(row).toMatchObject({ name: "nina", reason: "Course B", source: "127.0.0.1", taken: false });
  const group = await proxy.stores.groups.add({ name: "students" });
  const approve = { role: "operator", groups: [group.id] };
  const url = `${REQUESTS}/${row?.id ?? ""}/approve`;
  const approved = await ask("POST", url, { as, body: approve });
  expect(approved).toMatchObject({ status: 201, body: { name: "nina", role: "operator", state: "enabled" } });
  const nina = await proxy.stores.users.findByName("nina");
  const line = { actor: adminId, targetId: nina?.id, targetName: "nina", method: "sign-up" };
  expect(proxy.audited.slice(-2)).toMatchObject([
    { action: "user.create", role: "operator", ...line },
    { action: "group.join", groupId: group.id, ...line },
  ]);
  expect(await proxy.stores.groups.countMembers(group.id)).toBe(1);
  expect(await login("nina")).toMatchObject({ status: 200, body: { role: "operator" } });
  expect(await list()).toEqual([]);
  expect(await ask("POST", url, { as, body: approve })).toMatchObject(refused(404, "SIGN_UP_UNKNOWN"));
});

test("nobody learns by asking which names are taken", async () => {
  const { ask, as, request, login, list } = await openSignUp();
  const [taken, free] = [await request("anna"), await request("nina")];
  expect([taken.status, taken.raw.toString()]).toEqual([free.status, free.raw.toString()]);
  const waits = [await login("anna"), await login("nina")];
  for (const answer of waits) expect(answer).toMatchObject(refused(403, "ACCOUNT_REQUESTED"));
  expect((await login("anna", PASSWORD)).status).toBe(200);
  const rows = new Map((await list()).map((row) => [row.name, row]));
  expect([rows.size, rows.get("anna")?.taken, rows.get("nina")?.taken]).toEqual([2, true, false]);
  const url = `${REQUESTS}/${rows.get("anna")?.id ?? ""}`;
  expect(await ask("POST", `${url}/approve`, { as, body: {} })).toMatchObject(refused(409, "USER_EXISTS"));
  expect((await ask("DELETE", url, { as })).status).toBe(204);
  expect(await login("anna")).toMatchObject(refused(401, "LOGIN_REFUSED"));
});

test("nobody gets another person's mail address as a name, whatever way they come", async () => {
  const { ask, as, request, list, proxy, annaId } = await openSignUp();
  await proxy.stores.users.update(annaId, { email: "anna@example.org" });
  const name = "Anna@Example.org";
  await request(name);
  const [row] = await list();
  expect(row).toMatchObject({ name, taken: true });
  const exists = refused(409, "USER_EXISTS");
  const approve = `${REQUESTS}/${row?.id ?? ""}/approve`;
  expect(await ask("POST", approve, { as, body: {} })).toMatchObject(exists);
  const users = "/api/v1/users";
  expect(await ask("POST", users, { as, body: { name } })).toMatchObject(exists);
  const invitations = "/api/v1/invitations";
  expect(await ask("POST", invitations, { as, body: { name } })).toMatchObject(exists);
  const { body } = await ask("POST", invitations, { as, body: {} });
  const [, secret] = (body as { url: string }).url.split("#");
  const accept = { secret, name, password: "battery staple" };
  expect(await ask("POST", `${invitations}/accept`, { body: accept })).toMatchObject(exists);
  const asked = { names: [name, "ANNA", "nina"] };
  const taken = await ask("POST", `${users}/taken`, { as, body: asked });
  expect(taken).toMatchObject({ status: 200, body: { names: [name, "ANNA"] } });
  await ask("POST", users, { as, body: { name: "nina@example.org" } });
  for (const [method, path, change] of [
    ["POST", users, { name: "other" }],
    ["PATCH", `${users}/${annaId}`, {}],
  ] as const) {
    const answer = await ask(method, path, { as, body: { ...change, email: "Nina@example.org" } });
    expect(answer).toMatchObject(exists);
  }
  const own = await proxy.stores.users.findByName("nina@example.org");
  const mine = { email: "nina@example.org" };
  expect((await ask("PATCH", `${users}/${own?.id ?? ""}`, { as, body: mine })).status).toBe(200);
});

test("who is refused is as unknown as before", async () => {
  const { ask, as, request, login, list, proxy } = await openSignUp();
  await request("nina");
  const [row] = await list();
  expect((await ask("DELETE", `${REQUESTS}/${row?.id ?? ""}`, { as })).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({
    action: "signup.refuse",
    targetName: "nina",
    targetId: row?.id,
  });
  expect(await login("nina")).toMatchObject(refused(401, "LOGIN_REFUSED"));
  expect(await ask("DELETE", `${REQUESTS}/${row?.id ?? ""}`, { as })).toMatchObject(
    refused(404, "SIGN_UP_UNKNOWN"),
  );
});

test("few wait, fewer from one address, and none for longer than 14 days", async () => {
  const { ask, as, request, list, proxy, clock, login } = await openSignUp();
  const times = { createdAt: clock.now(), expiresAt: clock.now() + DAY };
  const add = (id: string, source: string) =>
    proxy.stores.signUps.add({ ...times, id, name: id, passwordHash: "h", reason: "r", source });
  for (let index = 0; index < 20; index += 1) await add(`here-${index}`, "127.0.0.1");
  expect(await request("nina")).toMatchObject(refused(429, "SIGN_UP_LIMIT"));
  expect((await ask("DELETE", `${REQUESTS}/here-0`, { as })).status).toBe(204);
  for (let index = 0; index < 180; index += 1) await add(`there-${index}`, `192.0.2.${index}`);
  expect(await list()).toHaveLength(199);
  expect((await request("nina")).status).toBe(204);
  await ask("DELETE", `${REQUESTS}/here-1`, { as });
  await add("last", "198.51.100.7");
  expect(await request("nora")).toMatchObject(refused(429, "SIGN_UP_LIMIT"));
  clock.advance(14 * DAY);
  expect(await proxy.stores.signUps.list(clock.now())).toEqual([]);
  expect(await login("nina")).toMatchObject(refused(401, "LOGIN_REFUSED"));
  expect(await proxy.stores.signUps.deleteExpired(clock.now())).toBe(200);
});

test("an administrator is made by who has just confirmed that it is them", async () => {
  const { ask, as, request, list, clock } = await openSignUp();
  await request("nina");
  clock.advance(3_600_000);
  const url = `${REQUESTS}/${(await list())[0]?.id ?? ""}/approve`;
  expect(await ask("POST", url, { as, body: { role: "admin" } })).toMatchObject(
    refused(403, "CONFIRM_REQUIRED"),
  );
});

test("an account that the log cannot tell of is not made, and the person goes on waiting", async () => {
  const { ask, as, request, list, proxy } = await openSignUp();
  await request("nina");
  const url = `${REQUESTS}/${(await list())[0]?.id ?? ""}/approve`;
  proxy.auditFails = true;
  expect((await ask("POST", url, { as, body: {} })).status).toBe(503);
  proxy.auditFails = false;
  expect(await list()).toHaveLength(1);
  expect((await ask("POST", url, { as, body: {} })).status).toBe(201);
});

test.each([
  { name: "n/a" },
  { password: "short" },
  { reason: " " },
  { reason: "a\nb" },
  { reason: "x".repeat(201) },
])("%j asks for nothing", async (about) => {
  const { request, list } = await openSignUp();
  expect(await request("nina", about)).toMatchObject(refused(400, "INPUT_INVALID"));
  expect(await list()).toEqual([]);
});
