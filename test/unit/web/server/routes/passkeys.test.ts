import { expect, test } from "vitest";
import {
  confirmForm,
  loginStep,
  passkeyOptionsAnswer,
  type PasskeyOptions,
} from "../../../../../web/index.ts";
import { BentPasskey, type Bend } from "../../../../support/bent-passkey.ts";
import { openWebFixture, PASSWORD, type WebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";
const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });

async function withPasskey(fixture: WebFixture, bend: Bend = {}) {
  const { ask, signIn } = fixture;
  const cookie = await signIn("anna");
  const passkey = new BentPasskey();
  const ofOptions = async (path: string, as?: string): Promise<PasskeyOptions> =>
    passkeyOptionsAnswer.parse((await ask("POST", API + path, { as })).body).options;
  const enrol = async (change: Bend = bend, key = passkey) => {
    const created = key.create(await ofOptions("/me/factors/passkey", cookie), change);
    return ask("POST", `${API}/me/factors/passkey/confirm`, { as: cookie, body: { passkey: created } });
  };
  const enter = async (change: Bend = {}) => {
    const proof = passkey.prove(await ofOptions("/login/passkey/options"), change);
    return ask("POST", `${API}/login/passkey`, { body: { passkey: proof } });
  };
  return { passkey, cookie, enrol, enter, ofOptions };
}

const HANDLE = (id: string) => Buffer.from(id).toString("base64url");

test("a passkey is a second factor, lets in alone, and confirms", async () => {
  const fixture = await openWebFixture();
  const { ask, annaId, proxy } = fixture;
  const { passkey, cookie, enrol, enter } = await withPasskey(fixture);
  expect(await enrol()).toMatchObject({ status: 201, body: { factor: { kind: "passkey" } } });
  expect(await enter({ userHandle: HANDLE(annaId) })).toMatchObject({ status: 200, body: { name: "anna" } });
  expect(proxy.audited.slice(-2)).toMatchObject([
    { action: "factor.use", method: "passkey", actorName: "anna" },
    { action: "login.success", method: "passkey" },
  ]);
  const first = await ask("POST", `${API}/login`, { body: { name: "anna", password: PASSWORD } });
  const { id, form } = loginStep.parse(first.body).step;
  const asked = form.passkey;
  if (asked?.use !== "get") throw new Error("no passkey is asked for");
  // After the password it is enough to be there.
  const proof = passkey.prove(asked.options, { verified: false });
  const answers = { passkey: JSON.stringify(proof) };
  expect(await ask("POST", `${API}/login/step`, { body: { id, answers } })).toMatchObject({ status: 200 });
  const { form: again } = confirmForm.parse((await ask("GET", `${API}/me/confirm`, { as: cookie })).body);
  if (again.passkey?.use !== "get") throw new Error("no passkey is asked for");
  const replay = await ask("POST", `${API}/me/confirm`, { as: cookie, body: { answers } });
  expect(replay).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
  const fresh = { passkey: JSON.stringify(passkey.prove(again.passkey.options)) };
  const confirmed = await ask("POST", `${API}/me/confirm`, { as: cookie, body: { answers: fresh } });
  expect(confirmed.status).toBe(204);
});

test.each<[string, Bend]>([
  ["another origin", { origin: "https://desk.test.evil.test:8443" }],
  ["another port", { origin: "https://desk.test" }],
  ["http", { origin: "http://desk.test:8443" }],
  ["another host", { rpId: "evil.test" }],
  ["another ceremony", { type: "webauthn.create" }],
  ["nobody there", { present: false }],
  ["nobody verified", { verified: false }],
  ["another challenge", { challenge: Buffer.alloc(54).toString("base64url") }],
  ["no challenge", { challenge: "" }],
  ["another person's handle", { userHandle: HANDLE("somebody") }],
  ["a broken signature", { badSignature: true }],
])("alone, %s lets nobody in", async (_what, bend) => {
  const fixture = await openWebFixture();
  const { enrol, enter } = await withPasskey(fixture);
  expect((await enrol()).status).toBe(201);
  const refused = await enter(bend);
  expect(refused).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
  expect(refused.headers["set-cookie"]).toBeUndefined();
  expect(fixture.proxy.audited.at(-1)).toMatchObject({
    ...{ action: "login.failure", reason: "PASSKEY_REFUSED", actorName: "anna" },
  });
  expect((await enter()).status).toBe(200);
});

test.each<[string, Bend]>([
  ["another origin", { origin: "https://evil.test" }],
  ["another host", { rpId: "evil.test" }],
  ["another ceremony", { type: "webauthn.get" }],
  ["another challenge", { challenge: Buffer.alloc(54).toString("base64url") }],
  ["certificates of its maker", { withCertificate: true }],
])("%s makes no passkey", async (_what, bend) => {
  const fixture = await openWebFixture();
  const { enrol } = await withPasskey(fixture);
  expect(await enrol(bend)).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
  expect(await fixture.proxy.stores.factors.listByUser(fixture.annaId)).toEqual([]);
});

test("a challenge is used once, for what it was made for, and within ten minutes", async () => {
  const fixture = await openWebFixture();
  const { ask, clock } = fixture;
  const { passkey, enrol, ofOptions, cookie } = await withPasskey(fixture);
  await enrol();
  const enter = (options: PasskeyOptions) =>
    ask("POST", `${API}/login/passkey`, { body: { passkey: passkey.prove(options) } });
  const options = await ofOptions("/login/passkey/options");
  expect((await enter(options)).status).toBe(200);
  expect(await enter(options)).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
  const enrolment = await ofOptions("/me/factors/passkey", cookie);
  expect(await enter({ ...options, challenge: enrolment["challenge"] })).toMatchObject(
    refusal(403, "PASSKEY_REFUSED"),
  );
  const late = await ofOptions("/login/passkey/options");
  clock.advance(600_000);
  expect(await enter(late)).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
});

test("of two proofs of one challenge at once, one gets in", async () => {
  const fixture = await openWebFixture();
  const { ask } = fixture;
  const { passkey, enrol, ofOptions } = await withPasskey(fixture);
  await enrol();
  const body = { passkey: passkey.prove(await ofOptions("/login/passkey/options")) };
  const answers = await Promise.all([1, 2, 3].map(() => ask("POST", `${API}/login/passkey`, { body })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
});

test("a counter that does not go up is a copy's: it is refused, and the audit log says so", async () => {
  const fixture = await openWebFixture();
  const { enrol, enter } = await withPasskey(fixture);
  await enrol({ counter: 5 });
  expect((await enter({ counter: 9 })).status).toBe(200);
  for (const counter of [9, 8, 0])
    expect(await enter({ counter })).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
  expect(fixture.proxy.audited.at(-1)).toMatchObject({ action: "login.failure", reason: "PASSKEY_COUNTER" });
});

test("people of another service sign in there first, unless the administrator says otherwise", async () => {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  const { enrol, enter } = await withPasskey(fixture);
  await enrol();
  const { id } = await stores.users.add({
    ...{ name: "carl", role: "user", passwordHash: "", provider: "ldap", subject: "uuid-1" },
  } as const);
  const [factor] = await stores.factors.listByUser(fixture.annaId);
  const secret = factor!.reveal()!;
  await stores.factors.remove(fixture.annaId, factor!.id);
  const { credentialId } = JSON.parse(secret) as { credentialId: string };
  const { locatePasskey } = await import("../../../../../web/server/sign-in/factors/passkeys.ts");
  const moved = { userId: id, kind: "passkey", name: "", counter: 0, secret } as const;
  await stores.factors.add({ ...moved, locator: locatePasskey(credentialId) }, { limit: 1, recovery: [] });
  expect(await enter()).toMatchObject(refusal(403, "PASSKEY_SECOND"));
});

test("a disabled person's passkey, an unknown one and too many guesses let nobody in", async () => {
  const fixture = await openWebFixture();
  const { ask, proxy, annaId } = fixture;
  const { enrol, enter, ofOptions } = await withPasskey(fixture);
  await enrol();
  await proxy.stores.users.disable(annaId);
  expect(await enter()).toMatchObject(refusal(403, "PASSKEY_REFUSED"));
  const statuses: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    const stranger = new BentPasskey().prove(await ofOptions("/login/passkey/options"));
    statuses.push((await ask("POST", `${API}/login/passkey`, { body: { passkey: stranger } })).status);
  }
  expect(statuses).toEqual([403, 403, 403, 403, 429, 429]);
});

test("a passkey is registered once, and there are twenty at most", async () => {
  const fixture = await openWebFixture();
  const { enrol, passkey } = await withPasskey(fixture);
  expect((await enrol()).status).toBe(201);
  expect(await enrol({}, passkey)).toMatchObject(refusal(409, "FACTOR_EXISTS"));
  for (let n = 1; n < 20; n += 1) expect((await enrol({}, new BentPasskey())).status).toBe(201);
  expect(await enrol({}, new BentPasskey())).toMatchObject(refusal(409, "FACTOR_LIMIT"));
});

test("where the server's address is a number there are no passkeys, and everybody is told so", async () => {
  const fixture = await openWebFixture({ advertise: { host: "192.0.2.1", port: 8443 } });
  const { ask, signIn } = fixture;
  const me = await ask("GET", `${API}/me`);
  expect(me.body).toMatchObject({ error: { signIn: { fields: [{ autocomplete: "username" }, {}] } } });
  expect(JSON.stringify(me.body)).not.toContain("passkey");
  const cookie = await signIn("anna");
  expect((await ask("GET", `${API}/me/factors`, { as: cookie })).body).toMatchObject({ passkeys: false });
  for (const path of ["/login/passkey/options", "/me/factors/passkey"])
    expect(await ask("POST", API + path, { as: cookie })).toMatchObject(refusal(409, "PASSKEY_HOST"));
});

test("the sign-in page is told that passkeys work", async () => {
  const { ask } = await openWebFixture();
  expect((await ask("GET", `${API}/me`)).body).toMatchObject({
    error: { signIn: { fields: [{ autocomplete: "username webauthn" }, {}], passkey: { use: "alone" } } },
  });
});

test("a passkey lets nobody in whom the sign-in file shuts out", async () => {
  const fixture = await openWebFixture({ signIn: [{ provider: "local", denyGroups: ["out"] }] });
  const { annaId, proxy } = fixture;
  const { enrol, enter } = await withPasskey(fixture);
  await enrol();
  expect((await enter()).status).toBe(200);
  const out = await proxy.stores.groups.add({ name: "out" });
  await proxy.stores.groups.addMember(out.id, annaId);
  expect(await enter()).toMatchObject(refusal(401, "LOGIN_REFUSED"));
  expect(proxy.audited.at(-1)).toMatchObject({
    action: "login.failure",
    reason: "USER_DENIED",
    actor: annaId,
  });
});
