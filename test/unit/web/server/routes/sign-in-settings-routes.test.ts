import { expect, test } from "vitest";
import { findFreePort } from "../../../../support/free-port.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const SECRET = "not for the page";

async function open() {
  const port = await findFreePort();
  const fixture = await openWebFixture({
    requireFactorFor: ["auditor"],
    signIn: [
      { provider: "local" },
      {
        ...{ provider: "ldap", id: "campus", urls: [`ldap://127.0.0.1:${port}`], searchBase: "dc=x" },
        ...{
          bindDn: "cn=reader",
          bindPassword: SECRET,
          roles: { admin: ["staff"] },
          denyPeople: ["mallory"],
        },
      },
    ],
  });
  const admin = await fixture.signIn("admin");
  const ask = (method: string, path: string, as = admin) =>
    fixture.ask(method, `/api/v1/sign-in-settings${path}`, { as });
  return { ...fixture, admin, ask };
}

test("the providers are listed in their order, without secrets", async () => {
  const { ask, signIn } = await open();
  const answer = await ask("GET", "");
  expect(answer).toMatchObject({
    status: 200,
    body: {
      file: null,
      providers: [
        { id: "local", kind: "local", testable: false, passkeyAlone: true, options: [] },
        {
          ...{ id: "campus", kind: "ldap", testable: true, passkeyAlone: false, allowGroups: null },
          ...{ denyPeople: ["mallory"], roles: [{ role: "admin", groups: ["staff"] }] },
          options: expect.arrayContaining([
            { name: "bindDn", value: "cn=reader" },
            { name: "bindPassword", value: null },
          ]),
        },
      ],
      secondFactor: { requiredFor: ["auditor"] },
    },
  });
  expect(answer.raw.toString()).not.toContain(SECRET);
  expect((await ask("GET", "", await signIn("anna"))).status).toBe(403);
});

test("a test says why a directory does not answer, is in the audit log, and waits before the next", async () => {
  const { ask, proxy, clock, signIn } = await open();
  const answer = await ask("POST", "/campus/test");
  expect(answer).toMatchObject({
    status: 200,
    body: {
      works: false,
      text: {
        en: expect.stringMatching(/ cannot be reached \(ECONNREFUSED\)\.$/),
        fr: expect.stringMatching(/ est injoignable \(ECONNREFUSED\)\.$/),
      },
    },
  });
  expect(proxy.audited.at(-1)).toMatchObject({
    ...{ action: "signin.test", outcome: "failure", method: "campus", actorName: "admin" },
  });
  expect(await ask("POST", "/campus/test")).toMatchObject({ status: 429, headers: { "retry-after": "2" } });
  clock.advance(2000);
  expect((await ask("POST", "/campus/test")).status).toBe(200);
  for (const provider of ["local", "nowhere"])
    expect(await ask("POST", `/${provider}/test`)).toMatchObject({
      status: 404,
      body: { error: { code: "SIGN_IN_PROVIDER_UNKNOWN" } },
    });
  expect((await ask("POST", "/campus/test", await signIn("anna"))).status).toBe(403);
});
