import { expect, test } from "vitest";
import { totpEnrolment } from "../../../../../../web/index.ts";
import { noneProvider } from "../../../../../../web/server/sign-in/providers/none-provider.ts";
import { openSignInServices } from "../../../../../support/sign-in-services.ts";
import { readTotpCode } from "../../../../../support/totp-app.ts";
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

test("a second factor of one person shuts nobody else out", async () => {
  const { ask, clock } = await openWebFixture({
    signIn: [{ provider: "local" }, { provider: "none" }],
    advertise: LOOPBACK,
    requireFactorFor: ["user"],
  });
  const enter = () => ask("POST", "/api/v1/login", { from: "127.0.0.1" });
  const as = cookieOf(await enter());
  const { id, uri } = totpEnrolment.parse((await ask("POST", "/api/v1/me/factors/totp", { as })).body);
  const body = { id, code: readTotpCode(uri, clock.now()), name: "phone" };
  expect((await ask("POST", "/api/v1/me/factors/totp/confirm", { as, body })).status).toBe(201);
  expect(await enter()).toMatchObject({ status: 200, body: { name: "demo" } });
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
