import { afterAll, beforeAll, expect, test } from "vitest";
import type { SignInOptions } from "../../../../../../web/server/sign-in/providers/index.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import { TestCertificate } from "../../../../../support/certificate-files.ts";
import { startMailSink, type SunkMail } from "../../../../../support/mail-sink.ts";
import { PASSWORD, openWebFixture, type WebResponse } from "../../../../../support/web-fixture.ts";

const MINUTE = 60_000;

const cleanup = new CleanupStack();
let certificate: TestCertificate;

beforeAll(async () => {
  certificate = await TestCertificate.make(cleanup, "mail.test");
});
afterAll(() => cleanup.close());

interface StepBody {
  readonly step: { readonly id: string; readonly form: unknown };
}

/** A server where `anna` and `carl` have an address, and a mail server that keeps what it is sent. */
async function open(options: Record<string, unknown> = {}, others: SignInOptions = [{ provider: "local" }]) {
  const sink = await startMailSink(cleanup, { certificate });
  const { cert } = await certificate.read();
  const mail = { host: "127.0.0.1", port: sink.port, tls: "starttls", ca: cert, from: "desk@example.org" };
  const signIn = [...others, { provider: "email-code", mail, ...options }];
  const fixture = await openWebFixture({ signIn });
  const { users } = fixture.proxy.stores;
  await users.update(fixture.annaId, { email: "Anna@Example.org" });
  const carl = await users.add({ name: "carl", role: "user", passwordHash: "", email: "carl@example.org" });
  let sources = 0;
  const post = (path: string, body: unknown, request: { as?: string } = {}) => {
    sources += 1;
    const from = `127.0.${sources >> 8}.${(sources & 255) + 1}`;
    return fixture.ask("POST", `/api/v1${path}`, { body, from, ...request });
  };
  const begin = (name: string, request?: { as?: string }) => post("/login", { name }, request);
  const answer = (begun: WebResponse, code: string) =>
    post("/login/step", { id: (begun.body as StepBody).step.id, answers: { code } });
  /** Lets what waits be sent, and returns the mails that have come. */
  const receive = async (count: number) => {
    fixture.clock.advance(1000);
    return sink.waitForMails(count);
  };
  return { ...fixture, users, carl, sink, begin, answer, receive, post };
}

function codeOf(mail: SunkMail | undefined): string {
  return /^ {4}(\d{6})\r$/m.exec(mail?.raw ?? "")?.[1] ?? "no code";
}

function otherThan(code: string): string {
  return code === "000000" ? "000001" : "000000";
}

test("the code in the mail signs in, once, by name and by address", async () => {
  const { begin, answer, receive } = await open();
  for (const [index, name] of ["anna", "ANNA@example.ORG"].entries()) {
    const begun = await begin(name);
    expect(begun.status).toBe(202);
    const mail = (await receive(index + 1))[index];
    expect(mail?.to).toEqual(["anna@example.org"]);
    const code = codeOf(mail);
    const wrong = await answer(begun, otherThan(code));
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: "LOGIN_REFUSED" } } });
    const right = await answer(begun, `${code.slice(0, 3)} ${code.slice(3)}`);
    expect(right).toMatchObject({ status: 200, body: { name: "anna" } });
    expect(right.headers["set-cookie"]?.[0]).toMatch(/^__Host-postern=/);
    expect(await answer(begun, code)).toMatchObject({ status: 410 });
  }
});

test("a name that is another person's mail address takes no code from that person", async () => {
  const { begin, receive, users, carl } = await open();
  const shadow = { role: "user", passwordHash: "", email: "shadow@example.org" } as const;
  await users.add({ name: "anna@example.org", ...shadow });
  await begin("Anna@example.org");
  const first = await receive(1);
  expect(first.map(({ to }) => to)).toEqual([["anna@example.org"]]);
  // Who is called by their own address is found by it, whoever else gives the same one.
  await users.update(carl.id, { email: "shadow@example.org" });
  await users.add({ ...shadow, name: "shadow@example.org" });
  await begin("shadow@example.org");
  expect((await receive(2)).at(-1)?.to).toEqual(["shadow@example.org"]);
});

test("the mail has both languages as text and HTML, and the code in a link behind #", async () => {
  const { begin, receive } = await open();
  await begin("anna");
  const [mail] = await receive(1);
  const raw = mail!.raw.replaceAll("=\r\n", "").replaceAll("=3D", "=");
  const code = codeOf(mail);
  expect(raw).toContain("Content-Type: text/plain; charset=utf-8");
  expect(raw).toContain("Content-Type: text/html; charset=utf-8");
  expect(raw).toContain(`https://desk.test:8443/#code=${code}`);
  expect(raw).toContain("Here is your code");
  expect(raw).toContain("Voici votre code");
  expect(raw).not.toMatch(/\?code=/);
});

test("who has no account, no address, or no right to one is answered like everybody else, and nobody gets a mail", async () => {
  const { begin, answer, receive, users, carl } = await open();
  const ldap = { role: "user", passwordHash: "", provider: "ldap", subject: "s" } as const;
  await users.add({ name: "eve", ...ldap, email: "eve@example.org" });
  await users.add({ name: "twin-1", role: "user", passwordHash: "", email: "twin@example.org" });
  await users.add({ name: "twin-2", role: "user", passwordHash: "", email: "twin@example.org" });
  await users.disable(carl.id);
  const known = await begin("anna");
  const shape = ({ status, headers, body }: WebResponse) => ({
    status,
    headers: Object.keys(headers),
    form: (body as StepBody).step.form,
    id: (body as StepBody).step.id.length,
  });
  const unknown = [
    "nobody",
    "ben",
    "carl",
    "carl@example.org",
    "eve",
    "eve@example.org",
    "twin@example.org",
    "new@example.org",
    "anna@example.org\r\nBcc: x@example.org",
  ];
  for (const name of unknown) {
    const begun = await begin(name);
    expect(shape(begun), name).toEqual(shape(known));
    expect(await answer(begun, "000000"), name).toMatchObject({
      status: 401,
      body: { error: { code: "LOGIN_REFUSED" } },
    });
  }
  // The mail after those that must not come.
  await begin("anna");
  expect((await receive(2)).map(({ to }) => to)).toEqual([["anna@example.org"], ["anna@example.org"]]);
});

test("a code is good for its own sign-in, for ten minutes, and for five answers", async () => {
  const { begin, answer, receive, clock } = await open();
  const [first, second] = [await begin("anna"), await begin("carl")];
  const mails = await receive(2);
  const codes = new Map(mails.map((mail) => [mail.to[0], codeOf(mail)]));
  const [annas, carls] = [codes.get("anna@example.org")!, codes.get("carl@example.org")!];
  if (annas !== carls) expect(await answer(second, annas)).toMatchObject({ status: 401 });
  for (let index = 0; index < 5; index += 1)
    expect(await answer(first, otherThan(annas))).toMatchObject({ status: 401 });
  expect(await answer(first, annas)).toMatchObject({ status: 410 });
  clock.advance(10 * MINUTE);
  expect(await answer(second, carls)).toMatchObject({ status: 410 });
});

test("an address that has changed since, or an account that has been disabled, is not signed in to", async () => {
  const { begin, answer, receive, users, carl, annaId } = await open();
  const [first, second] = [await begin("anna"), await begin("carl")];
  const codes = new Map((await receive(2)).map((mail) => [mail.to[0], codeOf(mail)]));
  await users.update(annaId, { email: "other@example.org" });
  await users.disable(carl.id);
  expect(await answer(first, codes.get("anna@example.org")!)).toMatchObject({ status: 401 });
  expect(await answer(second, codes.get("carl@example.org")!)).toMatchObject({ status: 401 });
});

test("an account gets three codes in ten minutes from strangers, and its owner's browser three more", async () => {
  const { begin, answer, receive, clock, post, sink } = await open();
  const login = await post("/login", { name: "anna", password: PASSWORD });
  const device = login.headers["set-cookie"]?.[1]?.split(";")[0] ?? "";
  expect(device).toMatch(/^__Host-postern-device=/);
  for (let index = 0; index < 5; index += 1) expect(await begin("anna")).toMatchObject({ status: 202 });
  await receive(3);
  const own = await begin("anna", { as: device });
  const mails = await receive(4);
  expect(mails).toHaveLength(4);
  expect(await answer(own, codeOf(mails[3]))).toMatchObject({ status: 200 });
  clock.advance(10 * MINUTE);
  const later = await begin("anna");
  const [, , , , mail] = await receive(5);
  expect(await answer(later, codeOf(mail))).toMatchObject({ status: 200 });
  expect(sink.mails).toHaveLength(5);
});

test("where a domain needs no account, a first sign-in makes one, and who is denied gets none", async () => {
  const { begin, answer, receive, users } = await open({
    id: "mail",
    domains: ["Example.org"],
    denyPeople: ["eve@example.org"],
  });
  const begun = await begin("New@Example.org");
  const code = codeOf((await receive(1))[0]);
  expect(await answer(begun, code)).toMatchObject({ status: 200, body: { name: "new@example.org" } });
  const made = await users.findBySubject("mail", "new@example.org");
  expect(made).toMatchObject({ email: "new@example.org", role: "user", provider: "mail" });
  const again = await begin("new@example.org");
  expect(await answer(again, codeOf((await receive(2))[1]))).toMatchObject({ status: 200 });
  expect(await users.findBySubject("mail", "new@example.org")).toMatchObject({ id: made?.id });
  const eve = await begin("eve@example.org");
  expect(await answer(eve, codeOf((await receive(3))[2]))).toMatchObject({ status: 401 });
  const foreign = await begin("new@example.com");
  expect(foreign.status).toBe(202);
  await users.disable(made!.id);
  await begin("new@example.org");
  expect(await receive(3)).toHaveLength(3);
});

test("a password is asked of the others, and its absence of nobody else", async () => {
  const { ask, post, receive } = await open();
  const { body } = await ask("GET", "/api/v1/me");
  expect(body).toMatchObject({
    error: {
      signIn: {
        fields: [{ name: "name", maxLength: 254 }, { name: "password" }],
        buttons: [{ href: null }, { href: null, without: ["password"] }],
      },
    },
  });
  expect(await post("/login", { name: "anna", password: "wrong password" })).toMatchObject({ status: 401 });
  expect(await post("/login", { name: "anna", password: "" })).toMatchObject({ status: 202 });
  expect(await receive(1)).toHaveLength(1);
});

test("without it an empty password is no request", async () => {
  const { ask } = await openWebFixture();
  for (const body of [{ name: "anna" }, { name: "anna", password: "" }])
    expect(await ask("POST", "/api/v1/login", { body })).toMatchObject({ status: 400 });
});

test("an invitation goes out by the mail server of the codes", async () => {
  const { signIn, ask, receive, post } = await open();
  const as = await signIn("admin");
  const body = { email: "nina@example.org", mail: true };
  const invited = await ask("POST", "/api/v1/invitations", { as, body });
  expect(invited).toMatchObject({ status: 201, body: { mailed: true } });
  const [mail] = await receive(1);
  expect(mail?.to).toEqual(["nina@example.org"]);
  const text = (mail?.raw ?? "").replaceAll("=\r\n", "");
  const [, secret] = /https:\/\/desk\.test:8443\/invitation#([\w-]{43})/.exec(text) ?? [];
  expect((invited.body as { url: string }).url).toContain(secret ?? "none");
  const answer = { secret, name: "nina", password: PASSWORD };
  expect(await post("/invitations/accept", answer)).toMatchObject({ status: 200, body: { name: "nina" } });
});

test("where nobody has a password here, nobody is invited", async () => {
  const { askLocally } = await open({}, []);
  expect(await askLocally("POST", "/api/v1/invitations", {})).toMatchObject({
    status: 409,
    body: { error: { code: "LOCAL_SIGN_IN_OFF" } },
  });
});
