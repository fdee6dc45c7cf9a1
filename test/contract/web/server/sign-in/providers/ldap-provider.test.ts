import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SignInOptions } from "../../../../../../web/index.ts";
import { TestCertificate } from "../../../../../support/certificate-files.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import {
  ADMINS_DN,
  describeDirectory,
  passwordOf,
  PEOPLE,
  READER,
} from "../../../../../support/directory-people.ts";
import { startSlapd, type Slapd } from "../../../../../support/slapd.ts";
import { cookieOf, openWebFixture, PASSWORD, type WebFixture } from "../../../../../support/web-fixture.ts";

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

let slapd: Slapd;
let ca: string;
beforeAll(async () => {
  const certificate = await TestCertificate.make(cleanup);
  ca = await readFile(certificate.cert, "utf8");
  slapd = await startSlapd(cleanup, { certificate, ldif: describeDirectory(10, "ldap://127.0.0.1:1") });
});

function listProviders(more: Record<string, unknown> = {}): SignInOptions {
  const urls = [`ldaps://localhost:${slapd.ldapsPort}`];
  const directory = { provider: "ldap", urls, ca, searchBase: PEOPLE, ...READER };
  return [{ provider: "local" }, { ...directory, roles: { admin: [ADMINS_DN] }, ...more }];
}

const enter = ({ ask }: WebFixture, name: string, password = passwordOf(name)) =>
  ask("POST", "/api/v1/login", { body: { name, password } });

test("people of the directory get an account at their first sign-in, with the role of their groups", async () => {
  const web = await openWebFixture({ signIn: listProviders({ nameAttribute: "mail" }) });
  const first = await enter(web, "carla");
  expect(first).toMatchObject({ status: 200, body: { name: "carla@example.org", role: "admin" } });
  const { users } = web.proxy.stores;
  const made = await users.findByName("carla@example.org");
  expect(made).toMatchObject({
    ...{ provider: "ldap", email: "carla@example.org", passwordHash: "" },
    subject: expect.stringMatching(/^entryuuid:/),
  });
  const count = await users.count();
  expect(await enter(web, "CARLA", passwordOf("carla"))).toMatchObject({ status: 200 });
  expect(await users.count()).toBe(count);
  expect(await enter(web, "p7")).toMatchObject({ status: 200, body: { role: "user" } });

  const cookie = cookieOf(first);
  await users.disable(made?.id ?? "");
  expect((await web.ask("GET", "/api/v1/me", { as: cookie })).status).toBe(401);
  expect((await enter(web, "carla")).status).toBe(401);
});

test("an account of this server with the same name stays its owner's", async () => {
  const web = await openWebFixture({ signIn: listProviders() });
  expect(await enter(web, "anna")).toMatchObject({ status: 401 });
  expect(await enter(web, "anna", PASSWORD)).toMatchObject({ status: 200, body: { role: "user" } });
});

test("a wrong password, an unknown name and a disabled person get the same answer; a silent directory is told apart", async () => {
  const web = await openWebFixture({ signIn: listProviders() });
  const answers = [await enter(web, "p1", "wrong"), await enter(web, "nobody"), await enter(web, "disabled")];
  for (const answer of answers) {
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(answers[0]?.body);
  }
  const cut = await openWebFixture({ signIn: listProviders({ urls: ["ldaps://127.0.0.1:1"] }) });
  expect(await enter(cut, "p1")).toMatchObject({
    status: 503,
    body: { error: { code: "LOGIN_UNAVAILABLE" } },
  });
  expect(await enter(cut, "ben", PASSWORD)).toMatchObject({ status: 200 });
});
