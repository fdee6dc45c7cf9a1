import { expect, test } from "vitest";
import { addedFactor, totpEnrolment } from "../../../../web/index.ts";
import { readTotpCode } from "../../../support/totp-app.ts";
import { openWebFixture, PASSWORD, type WebFixture } from "../../../support/web-fixture.ts";

const SOURCE = { address: "192.0.2.9", port: 4000 };
const STEP_MS = 30_000;

function begin({ web }: WebFixture, name: string, password = PASSWORD) {
  return web.viewerSignIn.begin({ name, password }, SOURCE);
}

/** Gives a person an authenticator app, by the page. */
async function addApp({ ask, signIn, clock }: WebFixture, name: string) {
  const cookie = await signIn(name);
  const started = await ask("POST", "/api/v1/me/factors/totp", { as: cookie });
  const { id, uri } = totpEnrolment.parse(started.body);
  const code = () => readTotpCode(uri, clock.now());
  const body = { id, code: code(), name: "phone" };
  const added = await ask("POST", "/api/v1/me/factors/totp/confirm", { as: cookie, body });
  const { recoveryCodes = [] } = addedFactor.parse(added.body);
  clock.advance(STEP_MS);
  return { code, recoveryCodes };
}

test("a person without a factor is in, with a login that the session ends", async () => {
  const fixture = await openWebFixture();
  const reply = await begin(fixture, "anna");
  if (reply.kind !== "person") throw new Error(reply.kind);
  const { logins } = fixture.proxy.stores;
  const listed = () => logins.listByUser(fixture.annaId, fixture.clock.now());
  expect(await listed()).toMatchObject([{ browser: "VNC viewer", address: SOURCE.address }]);
  await reply.person.leave();
  expect(await listed()).toEqual([]);
});

test("the code of an app is asked for: a wrong one is refused and counted, the right one enters", async () => {
  const fixture = await openWebFixture();
  const { code } = await addApp(fixture, "anna");
  const asked = await begin(fixture, "anna");
  if (asked.kind !== "question") throw new Error(asked.kind);
  const { fields, alternatives, answer } = asked.question;
  expect(fields).toMatchObject([{ name: "code", hidden: false }]);
  expect(alternatives?.map((one) => one.fields[0]?.name)).toEqual(["code", "recovery"]);
  expect(await answer({ code: "000000" })).toEqual({ kind: "refused", triesLeft: 4 });
  expect(await answer({ code: code() })).toMatchObject({ kind: "person", person: { name: "anna" } });
});

test("a recovery code enters in its place, once", async () => {
  const fixture = await openWebFixture();
  const { recoveryCodes } = await addApp(fixture, "anna");
  const recovery = recoveryCodes[0]!;
  const enter = async () => {
    const asked = await begin(fixture, "anna");
    if (asked.kind !== "question") throw new Error(asked.kind);
    return (await asked.question.answer({ recovery })).kind;
  };
  expect(await enter()).toBe("person");
  expect(await enter()).toBe("refused");
});

test("who must have a factor and has none is sent to the page; a wrong password hears nothing of it", async () => {
  const fixture = await openWebFixture({ requireFactorFor: ["user"] });
  expect(await begin(fixture, "anna")).toEqual({ kind: "elsewhere", reason: "FACTOR_MISSING" });
  const wrong = { kind: "refused", triesLeft: 0 };
  expect(await begin(fixture, "anna", "a wrong password")).toEqual(wrong);
  expect(await begin(fixture, "nobody", "a wrong password")).toEqual(wrong);
  expect(await fixture.proxy.stores.logins.listByUser(fixture.annaId, fixture.clock.now())).toEqual([]);
});

test("where too many sign in at once, a viewer is told to come again", async () => {
  const { web } = await openWebFixture();
  const kinds = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const source = { address: `198.51.100.${index + 1}`, port: 4000 };
      const login = { name: `nobody-${index}`, password: "a wrong password" };
      return (await web.viewerSignIn.begin(login, source)).kind;
    }),
  );
  expect(new Set(kinds)).toEqual(new Set(["refused", "unavailable"]));
});

test("the agent of a desktop is told to those alone who see hosts on the page", async () => {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "a1", name: "office", kind: "agent", publicKey: "k1" });
  await stores.desktops.publish("a1", "lab-1", null);
  const as = await fixture.signIn("admin");
  const body = { to: "user:anna", may: "view", on: "desktop:lab-1" };
  expect((await fixture.ask("POST", "/api/v1/grants", { as, body })).status).toBe(201);
  const list = async (name: string) => {
    const reply = await begin(fixture, name);
    if (reply.kind !== "person") throw new Error(reply.kind);
    return (await reply.person.listDesktops()).map(({ desktop }) => [desktop.name, desktop.agentName]);
  };
  expect(await list("anna")).toEqual([["lab-1", ""]]);
  expect(await list("admin")).toEqual([["lab-1", "office"]]);
});
