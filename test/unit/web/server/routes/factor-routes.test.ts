import { expect, test } from "vitest";
import {
  addedFactor,
  confirmForm,
  factorList,
  loginStep,
  recoveryCodesAnswer,
  totpEnrolment,
} from "../../../../../web/index.ts";
import { readTotpCode } from "../../../../support/totp-app.ts";
import { cookieOf, openWebFixture, PASSWORD, type WebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";
const STEP_MS = 30_000;
const TEN_MINUTES = 600_000;

/** A person with an authenticator app, and what they do. */
async function withApp(fixture: WebFixture, name = "anna") {
  const { ask, clock } = fixture;
  const cookie = await fixture.signIn(name);
  const enrolment = totpEnrolment.parse((await ask("POST", `${API}/me/factors/totp`, { as: cookie })).body);
  const code = () => readTotpCode(enrolment.uri, clock.now());
  const answer = await ask("POST", `${API}/me/factors/totp/confirm`, {
    as: cookie,
    body: { id: enrolment.id, code: code(), name: "phone" },
  });
  expect(answer.status).toBe(201);
  const { recoveryCodes = [] } = addedFactor.parse(answer.body);
  clock.advance(STEP_MS);
  /** With the password; the step that is asked next. */
  const begin = async () => {
    const first = await ask("POST", `${API}/login`, { body: { name, password: PASSWORD } });
    expect(first.status).toBe(202);
    return loginStep.parse(first.body).step;
  };
  const proceed = (id: string, answers: Record<string, string>, from?: string) =>
    ask("POST", `${API}/login/step`, { body: { id, answers }, ...(from && { from }) });
  return { cookie, enrolment, code, recoveryCodes, begin, proceed };
}

const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });

test("an app counts once it has shown a code; then a sign-in asks for one, and takes each once", async () => {
  const fixture = await openWebFixture();
  const { ask, signIn, clock } = fixture;
  const cookie = await signIn("anna");
  const started = await ask("POST", `${API}/me/factors/totp`, { as: cookie });
  const { id, uri, secret } = totpEnrolment.parse(started.body);
  expect(uri).toContain(secret);
  const confirm = (body: object, as = cookie) => ask("POST", `${API}/me/factors/totp/confirm`, { as, body });
  expect(await confirm({ id, code: "000000" })).toMatchObject(refusal(403, "FACTOR_WRONG"));
  expect(await confirm({ id, code: readTotpCode(uri, clock.now()) }, await signIn("ben"))).toMatchObject(
    refusal(410, "ENROLMENT_GONE"),
  );
  await signIn("anna");
  const code = readTotpCode(uri, clock.now());
  const added = await confirm({ id, code, name: "phone" });
  expect(added.status).toBe(201);
  expect(addedFactor.parse(added.body)).toMatchObject({ factor: { kind: "totp", name: "phone" } });
  expect(addedFactor.parse(added.body).recoveryCodes).toHaveLength(10);
  expect(await confirm({ id, code })).toMatchObject(refusal(410, "ENROLMENT_GONE"));

  const begin = async () =>
    loginStep.parse((await ask("POST", `${API}/login`, { body: { name: "anna", password: PASSWORD } })).body)
      .step;
  const proceed = (step: string, answers: object) =>
    ask("POST", `${API}/login/step`, { body: { id: step, answers } });
  const step = await begin();
  expect(step.form.fields).toMatchObject([{ name: "code", autocomplete: "one-time-code" }]);
  expect(step.form.alternatives?.map(({ fields }) => fields[0]?.name)).toEqual(["code", "recovery"]);
  // The code that enrolled it was used with that.
  expect(await proceed(step.id, { code })).toMatchObject(refusal(403, "FACTOR_WRONG"));
  clock.advance(STEP_MS);
  const next = readTotpCode(uri, clock.now());
  const done = await proceed(step.id, { code: next });
  expect(done).toMatchObject({ status: 200, body: { name: "anna" } });
  expect((await ask("GET", `${API}/me`, { as: cookieOf(done) })).status).toBe(200);
  expect(await proceed(step.id, { code: next })).toMatchObject(refusal(410, "LOGIN_STEP_GONE"));
  expect(await proceed((await begin()).id, { code: next })).toMatchObject(refusal(403, "FACTOR_WRONG"));
});

test("of two sign-ins with one code at once, one gets in", async () => {
  const fixture = await openWebFixture();
  const { begin, proceed, code } = await withApp(fixture);
  const steps = [await begin(), await begin()];
  const answers = await Promise.all(steps.map(({ id }) => proceed(id, { code: code() })));
  expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
});

test("a step is shown to the browser that began the sign-in, and to no other one", async () => {
  const fixture = await openWebFixture();
  const { ask } = fixture;
  await withApp(fixture);
  const begun = await ask("POST", `${API}/login`, { body: { name: "anna", password: PASSWORD } });
  const { id } = loginStep.parse(begun.body).step;
  const [cookie = ""] = (begun.headers["set-cookie"] ?? []).filter((one) =>
    one.startsWith("__Host-postern-step="),
  );
  for (const flag of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"])
    expect(cookie.split("; ")).toContain(flag);
  const show = (headers: Record<string, string>) =>
    ask("POST", `${API}/login/step/show`, { body: { id }, headers });
  expect(await show({})).toMatchObject(refusal(410, "LOGIN_STEP_GONE"));
  expect(await show({ cookie: "__Host-postern-step=another" })).toMatchObject(
    refusal(410, "LOGIN_STEP_GONE"),
  );
  expect(await show({ cookie: cookie.split(";", 1)[0] ?? "" })).toMatchObject({
    status: 200,
    body: { step: { id } },
  });
});

test("a step without the right factor opens nothing, and ends after five tries", async () => {
  const fixture = await openWebFixture();
  const { begin, proceed, code } = await withApp(fixture);
  const { id } = await begin();
  const tries: Record<string, string>[] = [
    {},
    { code: "" },
    { recovery: "" },
    { passkey: "{}" },
    { passkey: "no" },
  ];
  for (const answers of tries) {
    const answer = await proceed(id, answers);
    expect(answer.status).toBe(403);
    expect(answer.headers["set-cookie"]).toBeUndefined();
  }
  expect(await proceed(id, { code: code() })).toMatchObject(refusal(410, "LOGIN_STEP_GONE"));
  expect(fixture.proxy.audited.filter(({ reason }) => reason === "FACTOR_WRONG")).toMatchObject(
    Array.from({ length: 3 }, () => ({ action: "login.failure", actorName: "anna" })),
  );
});

test("guessed codes make the app wait, over all steps; its owner still enters with a recovery code", async () => {
  const fixture = await openWebFixture();
  const { begin, proceed, code, recoveryCodes } = await withApp(fixture);
  // Who guesses has the password, and many addresses.
  const wrong = (address: number, id: string) => proceed(id, { code: "000000" }, `127.0.1.${address}`);
  const first = await begin();
  for (let n = 0; n < 4; n += 1) expect((await wrong(n, first.id)).status).toBe(403);
  const second = await begin();
  expect((await wrong(5, second.id)).status).toBe(403);
  const throttled = await proceed(second.id, { code: code() }, "127.0.1.6");
  expect(throttled).toMatchObject(refusal(429, "LOGIN_THROTTLED"));
  expect(throttled.headers["retry-after"]).toBe("60");
  expect(await proceed(second.id, { recovery: recoveryCodes[0]! }, "127.0.1.7")).toMatchObject({
    status: 200,
  });
  fixture.clock.advance(60_000);
  expect((await proceed((await begin()).id, { code: "000000" }, "127.0.1.8")).status).toBe(403);
  const longer = await proceed((await begin()).id, { code: code() }, "127.0.1.9");
  expect(longer.headers["retry-after"]).toBe("120");
});

test("a stranger without the password does not make the owner wait for the factor", async () => {
  const fixture = await openWebFixture();
  const { begin, proceed, code } = await withApp(fixture);
  const { id } = await begin();
  for (let n = 0; n < 20; n += 1)
    await fixture.ask("POST", `${API}/login`, {
      body: { name: "anna", password: "x" },
      from: `127.0.2.${n}`,
    });
  expect((await proceed(id, { code: code() }, "127.0.3.1")).status).toBe(200);
});

test("a recovery code lets in once, typed into either field; new ones replace them", async () => {
  const fixture = await openWebFixture();
  const { begin, proceed, recoveryCodes, cookie } = await withApp(fixture);
  const [one = "", two = "", three = ""] = recoveryCodes;
  expect((await proceed((await begin()).id, { recovery: one.toUpperCase() })).status).toBe(200);
  expect(await proceed((await begin()).id, { recovery: one })).toMatchObject(refusal(403, "FACTOR_WRONG"));
  expect((await proceed((await begin()).id, { code: two })).status).toBe(200);
  const before = await fixture.ask("GET", `${API}/me/factors`, { as: cookie });
  expect(factorList.parse(before.body)).toMatchObject({ recoveryCodes: 8, required: false, passkeys: true });
  const renewed = await fixture.ask("POST", `${API}/me/factors/recovery-codes`, { as: cookie });
  const fresh = recoveryCodesAnswer.parse(renewed.body).recoveryCodes;
  expect((await proceed((await begin()).id, { recovery: three })).status).toBe(403);
  expect((await proceed((await begin()).id, { recovery: fresh[0]! })).status).toBe(200);
});

test("where the role needs a factor, one is made at the sign-in, and its codes are shown before the page", async () => {
  const fixture = await openWebFixture({ requireFactorFor: ["admin"] });
  const { ask, clock, proxy, signIn } = fixture;
  expect(await signIn("anna")).toMatch(/^__Host-postern=/);
  const begin = async () =>
    loginStep.parse((await ask("POST", `${API}/login`, { body: { name: "admin", password: PASSWORD } })).body)
      .step;
  const proceed = (id: string, answers: object) =>
    ask("POST", `${API}/login/step`, { body: { id, answers } });
  const { id, form } = await begin();
  expect(form).toMatchObject({ fields: [{ name: "code" }], passkey: { use: "create" } });
  const uri = form.totp!.uri;
  expect(await proceed(id, { code: "000000" })).toMatchObject(refusal(403, "FACTOR_WRONG"));
  const rival = await begin();
  const shown = await proceed(id, { code: readTotpCode(uri, clock.now()) });
  expect(shown.status).toBe(202);
  expect(shown.headers["set-cookie"]?.join()).not.toContain("__Host-postern=");
  const codes = loginStep.parse(shown.body).step;
  expect(codes.form.recoveryCodes).toHaveLength(10);
  // Who began at the same time does not add another one behind the owner's back.
  const late = await proceed(rival.id, { code: readTotpCode(rival.form.totp!.uri, clock.now()) });
  expect(loginStep.parse(late.body).step.form.totp).toBeUndefined();
  const done = await proceed(codes.id, {});
  expect(done).toMatchObject({ status: 200, body: { name: "admin" } });
  const known = await ask("GET", `${API}/me/factors`, { as: cookieOf(done) });
  expect(factorList.parse(known.body)).toMatchObject({ factors: [{ kind: "totp" }], required: true });
  const actions = proxy.audited.map(({ action }) => action);
  expect(actions.slice(actions.indexOf("factor.add"))).toEqual(["factor.add", "login.success"]);
  expect((await begin()).form.totp).toBeUndefined();
});

test("a provider can require a factor of its people, and a line that cannot be written makes none", async () => {
  const fixture = await openWebFixture({ signIn: [{ provider: "local", requireFactor: true }] });
  const { ask, clock, proxy } = fixture;
  const begun = await ask("POST", `${API}/login`, { body: { name: "anna", password: PASSWORD } });
  const { id, form } = loginStep.parse(begun.body).step;
  proxy.auditDurably = () => Promise.reject(new Error("the disk is full"));
  const answers = { code: readTotpCode(form.totp!.uri, clock.now()) };
  expect((await ask("POST", `${API}/login/step`, { body: { id, answers } })).status).toBe(500);
  expect(await proxy.stores.factors.listByUser(fixture.annaId)).toEqual([]);
});

test("what is critical asks again after ten minutes, and not on the server's own socket", async () => {
  const fixture = await openWebFixture();
  const { ask, askLocally, signIn, clock, annaId } = fixture;
  const admin = await signIn("admin");
  const critical: [string, string, object?][] = [
    ["POST", "/users", { name: "new-admin", role: "admin" }],
    ["PATCH", `/users/${annaId}`, { role: "admin" }],
    ["POST", `/users/${annaId}/password`],
    ["DELETE", `/users/${annaId}/factors`],
    ["POST", "/me/factors/totp"],
    ["POST", "/me/factors/passkey"],
    ["DELETE", "/me/factors/some"],
    ["POST", "/me/factors/recovery-codes"],
  ];
  const send = (method: string, path: string, body?: object) => ask(method, API + path, { as: admin, body });
  clock.advance(TEN_MINUTES);
  for (const [method, path, body] of critical)
    expect(await send(method, path, body), path).toMatchObject(refusal(403, "CONFIRM_REQUIRED"));
  expect((await send("POST", "/users", { name: "plain" })).status).toBe(201);
  expect((await send("PATCH", `/users/${annaId}`, { role: "operator" })).status).toBe(200);
  const asked = await send("GET", "/me/confirm");
  expect(confirmForm.parse(asked.body)).toMatchObject({
    confirmedUntil: null,
    form: { fields: [{ name: "password" }] },
  });
  const confirm = (answers: object) => send("POST", "/me/confirm", { answers });
  for (const password of ["wrong", ""])
    expect(await confirm({ password })).toMatchObject(refusal(403, "PASSWORD_WRONG"));
  expect(await confirm({})).toMatchObject(refusal(403, "FACTOR_WRONG"));
  expect((await confirm({ password: PASSWORD })).status).toBe(204);
  const after = confirmForm.parse((await send("GET", "/me/confirm")).body);
  expect(after.confirmedUntil).toBe(clock.now() + TEN_MINUTES);
  expect((await send("POST", "/users", { name: "new-admin", role: "admin" })).status).toBe(201);
  const lines = fixture.proxy.audited.filter(({ action }) => action === "login.confirm");
  expect(lines.map(({ outcome, reason, method }) => [outcome, reason ?? method])).toEqual([
    ["failure", "PASSWORD_WRONG"],
    ["failure", "PASSWORD_WRONG"],
    ["failure", "FACTOR_WRONG"],
    ["success", "password"],
  ]);
  clock.advance(TEN_MINUTES);
  expect((await send("POST", `/users/${annaId}/password`)).status).toBe(403);
  expect((await askLocally("POST", `${API}/users/${annaId}/password`)).status).toBe(200);
});

test("a factor confirms too, each code once", async () => {
  const fixture = await openWebFixture();
  const { cookie, code } = await withApp(fixture);
  fixture.clock.advance(TEN_MINUTES);
  const confirm = () =>
    fixture.ask("POST", `${API}/me/confirm`, { as: cookie, body: { answers: { code: code() } } });
  expect((await confirm()).status).toBe(204);
  expect(await confirm()).toMatchObject(refusal(403, "FACTOR_WRONG"));
  expect((await fixture.ask("POST", `${API}/me/factors/recovery-codes`, { as: cookie })).status).toBe(200);
});

test("guessing at the confirmation is slowed", async () => {
  const { ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  const statuses: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    const body = { answers: { password: "wrong" } };
    statuses.push((await ask("POST", `${API}/me/confirm`, { as, body })).status);
  }
  expect(statuses).toContain(429);
});

test("a factor is removed by its owner; all of them by an administrator; others may neither see nor remove them", async () => {
  const fixture = await openWebFixture();
  const { ask, signIn, proxy, annaId } = fixture;
  const { cookie, begin } = await withApp(fixture);
  const [factor] = factorList.parse((await ask("GET", `${API}/me/factors`, { as: cookie })).body).factors;
  const ben = await signIn("ben");
  const own = `${API}/me/factors/${factor!.id}`;
  expect(await ask("DELETE", own, { as: ben })).toMatchObject(refusal(404, "FACTOR_UNKNOWN"));
  const hers = `${API}/users/${annaId}/factors`;
  for (const method of ["GET", "DELETE"])
    expect(await ask(method, hers, { as: ben })).toMatchObject(refusal(403, "ADMIN_REQUIRED"));
  await begin();
  const admin = await signIn("admin");
  expect(factorList.parse((await ask("GET", hers, { as: admin })).body).factors).toEqual([factor]);
  expect((await ask("DELETE", hers, { as: admin })).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({
    action: "factor.remove",
    actorName: "admin",
    targetName: "anna",
  });
  expect(await signIn("anna")).toMatch(/^__Host-postern=/);
  const again = await withApp(fixture);
  const [second] = factorList.parse(
    (await ask("GET", `${API}/me/factors`, { as: again.cookie })).body,
  ).factors;
  expect((await ask("DELETE", `${API}/me/factors/${second!.id}`, { as: again.cookie })).status).toBe(204);
  expect(await signIn("anna")).toMatch(/^__Host-postern=/);
  expect(await proxy.stores.factors.countRecovery(annaId)).toBe(0);
});

test("no secret, code or password of a factor gets into an audit line", async () => {
  const fixture = await openWebFixture();
  const { enrolment, begin, proceed, recoveryCodes, code } = await withApp(fixture);
  await proceed((await begin()).id, { code: "123456" });
  await proceed((await begin()).id, { recovery: recoveryCodes[3]! });
  const text = JSON.stringify(fixture.proxy.audited);
  for (const secret of [enrolment.secret, code(), "123456", ...recoveryCodes, PASSWORD])
    expect(text).not.toContain(secret);
});
