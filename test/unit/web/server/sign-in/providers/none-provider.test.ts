import { expect, test } from "vitest";
import { loginRow } from "../../../../../../web/api/schemas.ts";
import { ApiTokens } from "../../../../../../web/server/sign-in/api-tokens.ts";
import { noneProvider } from "../../../../../../web/server/sign-in/providers/none-provider.ts";
import { openSignInServices } from "../../../../../support/sign-in-services.ts";
import { cookieOf, openWebFixture } from "../../../../../support/web-fixture.ts";

const EVERYBODY = { provider: "none", anyAddress: "yes, everybody" } as const;
const LOOPBACK = { host: "localhost", port: 8443 };

test("whoever opens the page is in with nothing typed, as one account of role user, made once", async () => {
  const web = await openWebFixture({
    signIn: [{ provider: "local" }, { provider: "none", account: "guest" }],
    advertise: LOOPBACK,
  });
  const { body } = await web.ask("GET", "/api/v1/me");
  expect(JSON.stringify(body)).toContain('"Enter"');
  for (let visit = 0; visit < 2; visit += 1)
    expect(await web.ask("POST", "/api/v1/login", { from: "127.0.0.1" })).toMatchObject({
      status: 200,
      body: { name: "guest", role: "user" },
    });
  expect(await web.proxy.stores.users.count()).toBe(4);
  expect(web.proxy.audited.filter(({ action }) => action === "user.create")).toHaveLength(1);
});

async function openShared() {
  const web = await openWebFixture({
    signIn: [{ provider: "local" }, { provider: "none" }],
    advertise: LOOPBACK,
    requireFactorFor: ["user"],
  });
  const enter = async () => cookieOf(await web.ask("POST", "/api/v1/login", { from: "127.0.0.1" }));
  const logins = async (as: string) =>
    loginRow.array().parse((await web.ask("GET", "/api/v1/me/logins", { as })).body);
  return { ...web, enter, logins };
}

test.each([
  ["POST", "/me/factors/totp", {}],
  ["POST", "/me/factors/totp/confirm", { id: "x", code: "123456", name: "" }],
  ["POST", "/me/factors/passkey", {}],
  ["POST", "/me/factors/passkey/confirm", { passkey: {}, name: "" }],
  ["POST", "/me/factors/recovery-codes", {}],
  ["POST", "/me/password", { current: "x", password: "correct horse battery" }],
  ["POST", "/me/api-tokens", { name: "kept", scopes: ["read"], ttlSeconds: 3600 }],
  ["POST", "/device-logins/ABCD-EFGH/confirm", { scopes: ["read"] }],
  ["DELETE", "/me/logins", undefined],
] as const)("%s %s is for those who have an account of their own", async (method, path, body) => {
  const { ask, enter } = await openShared();
  const answer = await ask(method, `/api/v1${path}`, { as: await enter(), body });
  expect(answer).toMatchObject({ status: 403, body: { error: { code: "ACCOUNT_SHARED" } } });
});

test("a visitor sees and ends their own login, and no other's", async () => {
  const { ask, enter, logins, proxy } = await openShared();
  const [one, other] = [await enter(), await enter()];
  const [own, theirs] = [await logins(one), await logins(other)];
  expect(own).toMatchObject([{ current: true }]);
  expect(theirs).toMatchObject([{ current: true }]);
  expect(theirs[0]!.id).not.toBe(own[0]!.id);
  const end = (id: string) => ask("DELETE", `/api/v1/me/logins/${id}`, { as: one });
  expect(await end(theirs[0]!.id)).toMatchObject({ status: 404, body: { error: { code: "LOGIN_UNKNOWN" } } });
  expect(await logins(other)).toEqual(theirs);
  expect((await end(own[0]!.id)).status).toBe(204);
  expect((await ask("GET", "/api/v1/me", { as: one })).status).toBe(401);
  expect(proxy.audited.filter(({ action }) => action === "login.end")).toHaveLength(1);
});

test("the account says that everybody has it, and an API token of before counts no more", async () => {
  const { ask, enter, proxy, clock, signIn } = await openShared();
  const { body } = await ask("GET", "/api/v1/me/account", { as: await enter() });
  expect(body).toMatchObject({ name: "demo", shared: true });
  const own = await ask("GET", "/api/v1/me/account", { as: await signIn("admin") });
  expect(own.body).not.toHaveProperty("shared");
  const grant = { name: "old", scopes: ["read"], sources: [], ttlSeconds: 3600 } as const;
  const { id } = body as { id: string };
  const { token } = await new ApiTokens(proxy.stores, clock).issue(id, grant);
  const answer = await ask("GET", "/api/v1/me", { headers: { authorization: `Bearer ${token}` } });
  expect(answer).toMatchObject({ status: 403, body: { error: { code: "ACCOUNT_SHARED" } } });
});

test("people with a name and a password sign in beside it", async () => {
  const web = await openWebFixture({
    signIn: [{ provider: "local" }, { provider: "none" }],
    advertise: LOOPBACK,
  });
  await web.signIn("anna");
  const wrong = await web.ask("POST", "/api/v1/login", { body: { name: "anna", password: "x" } });
  expect(wrong.status).toBe(401);
  for (const body of [{ name: "anna" }, { password: "x" }])
    expect((await web.ask("POST", "/api/v1/login", { body })).status).toBe(401);
});

test("a server that others can reach does not start with it, unless it is said twice", async () => {
  const services = { ...(await openSignInServices("none")), loopbackOnly: false };
  const options = noneProvider.options.parse({});
  expect(() => noneProvider.open(options, services)).toThrow(
    expect.objectContaining({ code: "SIGN_IN_OPTIONS", message: expect.stringMatching(/anyAddress/) }),
  );
  expect(noneProvider.options.safeParse({ anyAddress: true }).success).toBe(false);
  expect(noneProvider.options.safeParse({ anyAddress: "yes" }).success).toBe(false);
  noneProvider.open(noneProvider.options.parse({ anyAddress: "yes, everybody" }), services);
  expect(services.logged.join()).toContain("sign-in.none");
  await expect(openWebFixture({ signIn: [{ provider: "none" }] })).rejects.toMatchObject({
    code: "SIGN_IN_OPTIONS",
  });
  await openWebFixture({ signIn: [EVERYBODY] });
});

test("people of other computers are not let in, whatever brought them", async () => {
  const services = await openSignInServices("none");
  const nothing = { name: "", password: "" };
  const from = (address: string) => ({ source: { address, port: 1 } });
  const provider = noneProvider.open(noneProvider.options.parse({}), services);
  expect(await provider.signIn?.(nothing, from("192.0.2.1"))).toEqual({ kind: "unknownPerson" });
  expect(await provider.signIn?.(nothing, from("::1"))).toMatchObject({ kind: "person" });
  const open = noneProvider.open(noneProvider.options.parse({ anyAddress: "yes, everybody" }), services);
  expect(await open.signIn?.(nothing, from("192.0.2.1"))).toMatchObject({
    kind: "person",
    person: { name: "demo", groups: [] },
  });
});

test("an account of that name is not given away, and one that became an administrator's is nobody's", async () => {
  const taken = await openWebFixture({
    signIn: [{ provider: "local" }, { provider: "none", account: "admin" }],
    advertise: LOOPBACK,
  });
  expect((await taken.ask("POST", "/api/v1/login", { from: "127.0.0.1" })).status).toBe(401);
  const web = await openWebFixture({ signIn: [{ provider: "none" }], advertise: LOOPBACK });
  await web.ask("POST", "/api/v1/login", { from: "127.0.0.1" });
  const { users } = web.proxy.stores;
  const made = await users.findByName("demo");
  await users.setRole(made?.id ?? "", "operator");
  expect((await web.ask("POST", "/api/v1/login", { from: "127.0.0.1" })).status).toBe(401);
});

test("its check says what it does", async () => {
  const provider = noneProvider.open(noneProvider.options.parse({}), await openSignInServices("none"));
  expect(await provider.check?.()).toMatchObject({
    works: true,
    text: { en: expect.stringContaining("demo") },
  });
});
