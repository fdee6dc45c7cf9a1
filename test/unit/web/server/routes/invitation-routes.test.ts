import { expect, test } from "vitest";
import { createdInvitation, invitationRow, type CreatedInvitation } from "../../../../../web/api/schemas.ts";
import {
  cookieOf,
  openWebFixture,
  PASSWORD,
  type WebFixture,
  type WebFixtureOptions,
} from "../../../../support/web-fixture.ts";

const INVITATIONS = "/api/v1/invitations";
const GONE = { status: 410, body: { error: { code: "INVITATION_GONE" } } };
const HOUR = 3_600_000;
const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

interface Invited extends WebFixture {
  readonly as: string;
  invite(wanted?: object): Promise<CreatedInvitation & { readonly secret: string }>;
  accept(secret: string, answer?: object): ReturnType<WebFixture["ask"]>;
}

async function openInvitations(options: WebFixtureOptions = {}): Promise<Invited> {
  const fixture = await openWebFixture(options);
  const { ask } = fixture;
  const as = await fixture.signIn("admin");
  return {
    ...fixture,
    as,
    invite: async (wanted = {}) => {
      const { status, body } = await ask("POST", INVITATIONS, { as, body: wanted });
      expect(status).toBe(201);
      const made = createdInvitation.strict().parse(body);
      return { ...made, secret: made.url.split("#")[1] ?? "" };
    },
    accept: (secret, answer = { name: "nina" }) =>
      ask("POST", `${INVITATIONS}/accept`, { body: { secret, password: PASSWORD, ...answer } }),
  };
}

test("who opens the link chooses name and password, and is signed in, in the groups that it gives", async () => {
  const { ask, as, invite, accept, proxy, adminId, clock } = await openInvitations();
  const group = await proxy.stores.groups.add({ name: "students" });
  const { id, url, secret, expiresAt, mailed } = await invite({
    ...{ role: "operator", groups: [group.id], email: "nina@example.org" },
  });
  expect(url).toMatch(/^https:\/\/desk\.test:8443\/invitation#[\w-]{43}$/);
  expect({ mailed, expiresAt }).toEqual({ mailed: false, expiresAt: clock.now() + 72 * HOUR });
  expect(proxy.audited.at(-1)).toMatchObject({
    ...{ action: "invitation.create", outcome: "success", role: "operator" },
    ...{ actor: adminId, targetId: id },
  });
  const shown = await ask("POST", `${INVITATIONS}/show`, { body: { secret } });
  expect(shown).toMatchObject({ status: 200, body: { name: null, role: "operator", expiresAt } });
  const answer = await accept(secret);
  expect(answer).toMatchObject({ status: 200, body: { name: "nina", role: "operator" } });
  expect(await ask("GET", "/api/v1/me", { as: cookieOf(answer) })).toMatchObject({ status: 200 });
  const nina = await proxy.stores.users.findByName("nina");
  expect(nina).toMatchObject({ email: "nina@example.org", provider: "local", role: "operator" });
  expect(await proxy.stores.groups.listMembers(group.id, { limit: 9 })).toMatchObject([{ name: "nina" }]);
  const line = { method: "invitation", tokenId: id, targetId: nina?.id, targetName: "nina" };
  expect(proxy.audited.slice(-3)).toMatchObject([
    { action: "user.create", outcome: "success", role: "operator", ...line },
    { action: "group.join", outcome: "success", groupId: group.id, groupName: "students", ...line },
    { action: "login.success", actor: nina?.id, method: "invitation" },
  ]);
  expect((await ask("POST", "/api/v1/login", { body: { name: "nina", password: PASSWORD } })).status).toBe(
    200,
  );
  expect((await ask("GET", INVITATIONS, { as })).body).toEqual([]);
});

test("it counts once, and what is used, expired, revoked or made up is answered alike", async () => {
  const { ask, as, invite, accept, clock, proxy } = await openInvitations();
  const [used, late, back] = [await invite(), await invite({ ttlSeconds: 3600 }), await invite()];
  expect((await accept(used.secret)).status).toBe(200);
  expect((await ask("DELETE", `${INVITATIONS}/${back.id}`, { as })).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "invitation.revoke", targetId: back.id });
  expect(await ask("DELETE", `${INVITATIONS}/${back.id}`, { as })).toMatchObject(
    refused(404, "INVITATION_UNKNOWN"),
  );
  clock.advance(HOUR);
  const answers = [];
  for (const secret of [used.secret, late.secret, back.secret, "x".repeat(43), "short"]) {
    answers.push((await ask("POST", `${INVITATIONS}/show`, { body: { secret } })).raw.toString());
    clock.advance(2 * HOUR);
    const { status, body } = await accept(secret, { name: "other" });
    expect({ status, body }).toMatchObject(GONE);
    clock.advance(2 * HOUR);
  }
  expect(new Set(answers).size).toBe(1);
  expect(proxy.audited.at(-1)).toMatchObject({
    ...{ action: "invitation.use", outcome: "failure", reason: "INVITATION_GONE" },
  });
  expect(await proxy.stores.users.findByName("other")).toBeNull();
});

test("of two at once one gets the account", async () => {
  const { invite, accept, proxy } = await openInvitations();
  const { secret } = await invite();
  const answers = await Promise.all(["nina", "nora"].map((name) => accept(secret, { name })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 410]);
  expect(await proxy.stores.users.count()).toBe(4);
  expect(
    proxy.audited.filter(({ action, outcome }) => action === "user.create" && outcome === "failure"),
  ).toMatchObject([{ reason: "INVITATION_GONE" }]);
});

test.each([
  ["is disabled", (id: string, { stores }: WebFixture["proxy"]) => stores.users.disable(id)],
  [
    "may invite no more",
    (id: string, { stores }: WebFixture["proxy"]) => stores.users.setRole(id, "operator"),
  ],
  ["is removed", (id: string, { stores }: WebFixture["proxy"]) => stores.users.remove(id)],
])("it ends when its maker %s; one of the server's own socket stays", async (_what, end) => {
  const { invite, accept, proxy, adminId, askLocally } = await openInvitations();
  await proxy.stores.users.add({ name: "root", role: "admin", passwordHash: "h" });
  const { secret } = await invite();
  const local = createdInvitation.parse((await askLocally("POST", INVITATIONS, {})).body);
  expect(local.by).toBeNull();
  await end(adminId, proxy);
  expect(await accept(secret)).toMatchObject(GONE);
  expect((await accept(local.url.split("#")[1] ?? "")).status).toBe(200);
});

test("a name that is taken does not use it up; one that the administrator chose stays", async () => {
  const { ask, as, invite, accept } = await openInvitations();
  const open = await invite();
  expect(await accept(open.secret, { name: "ANNA" })).toMatchObject(refused(409, "USER_EXISTS"));
  expect(await accept(open.secret, {})).toMatchObject({ body: { error: { field: { name: "name" } } } });
  expect((await accept(open.secret)).status).toBe(200);
  const named = await invite({ name: "carl" });
  expect((await ask("POST", `${INVITATIONS}/show`, { body: { secret: named.secret } })).body).toMatchObject({
    name: "carl",
  });
  expect(await accept(named.secret, { name: "mallory" })).toMatchObject({ body: { name: "carl" } });
  expect(await ask("POST", INVITATIONS, { as, body: { name: "Carl" } })).toMatchObject(
    refused(409, "USER_EXISTS"),
  );
});

test("whoever has one cannot find out by it who is here", async () => {
  const { ask, as, invite, accept, clock } = await openInvitations();
  for (const name of ["u1", "u2"])
    await ask("POST", "/api/v1/users", { as, body: { name, password: PASSWORD } });
  const { secret } = await invite();
  let tries = 0;
  for (let status = 0; status !== 429; tries += 1) status = (await accept(secret, { name: "u1" })).status;
  expect(tries).toBeLessThan(12);
  clock.advance(HOUR);
  expect((await accept(secret)).status).toBe(200);
});

test("an administrator is invited by who has just confirmed that it is them", async () => {
  const { ask, as, clock, invite } = await openInvitations();
  expect((await invite({ role: "admin" })).role).toBe("admin");
  clock.advance(HOUR);
  const answer = await ask("POST", INVITATIONS, { as, body: { role: "admin" } });
  expect(answer).toMatchObject(refused(403, "CONFIRM_REQUIRED"));
  expect((await invite()).role).toBe("user");
});

test("an account that the log cannot tell of is not made, and the invitation still counts", async () => {
  const { ask, as, invite, accept, proxy } = await openInvitations();
  const { secret } = await invite();
  proxy.auditFails = true;
  expect((await accept(secret)).status).toBe(503);
  expect((await ask("POST", INVITATIONS, { as, body: {} })).status).toBe(503);
  proxy.auditFails = false;
  expect(await proxy.stores.users.findByName("nina")).toBeNull();
  expect(await proxy.stores.invitations.list(0)).toHaveLength(1);
  expect((await accept(secret)).status).toBe(200);
});

test("who is invited as what needs a second factor makes one first", async () => {
  const { invite, accept, proxy } = await openInvitations({ requireFactorFor: ["operator"] });
  const { secret } = await invite({ role: "operator" });
  const answer = await accept(secret);
  expect(answer).toMatchObject({ status: 202, body: { step: { form: { totp: {} } } } });
  expect(cookieOf(answer)).toMatch(/^__Host-postern-step=[\w-]{43}$/);
  expect(
    proxy.audited.some(({ action, actorName }) => action === "login.success" && actorName === "nina"),
  ).toBe(false);
});

test.each([
  [{ ttlSeconds: 3599 }, 400, "INPUT_INVALID"],
  [{ ttlSeconds: 2_592_001 }, 400, "INPUT_INVALID"],
  [{ role: "king" }, 400, "INPUT_INVALID"],
  [{ mail: true }, 400, "INPUT_INVALID"],
  [{ mail: true, email: "nina@example.org" }, 409, "MAIL_OFF"],
  [{ groups: ["none"] }, 404, "GROUP_UNKNOWN"],
])("%j is no invitation", async (wanted, status, code) => {
  const { ask, as, proxy } = await openInvitations();
  expect(await ask("POST", INVITATIONS, { as, body: wanted })).toMatchObject(refused(status, code));
  expect(await proxy.stores.invitations.list(0)).toEqual([]);
});

test("a group that a provider fills is not given, and one that is gone by then is left out", async () => {
  const { ask, as, invite, accept, proxy } = await openInvitations();
  const { groups } = proxy.stores;
  const theirs = await groups.add({ name: "campus", source: "ldap" });
  const refusal = await ask("POST", INVITATIONS, { as, body: { groups: [theirs.id] } });
  expect(refusal).toMatchObject(refused(409, "GROUP_ELSEWHERE"));
  const [one, other] = [await groups.add({ name: "one" }), await groups.add({ name: "other" })];
  const { secret } = await invite({ groups: [one.id, other.id] });
  await groups.remove(one.id);
  const [listed] = invitationRow.array().parse((await ask("GET", INVITATIONS, { as })).body);
  expect(listed).toMatchObject({ by: "admin", groups: [{ name: "other" }] });
  expect((await accept(secret)).status).toBe(200);
  expect(await groups.countMembers(other.id)).toBe(1);
});
