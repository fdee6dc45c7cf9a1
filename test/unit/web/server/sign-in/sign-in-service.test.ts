import { pino } from "pino";
import { expect, test } from "vitest";
import type { AuditEntry, SignInStepStore, UserRecord } from "../../../../../proxy/index.ts";
import { PasswordThrottle } from "../../../../../web/server/sign-in/password-throttle.ts";
import { SignInService } from "../../../../../web/server/sign-in/sign-in-service.ts";
import { SignInSteps } from "../../../../../web/server/sign-in/sign-in-steps.ts";
import type {
  Admission,
  ExternalPerson,
  SignInProvider,
  SignInResult,
} from "../../../../../web/server/sign-in/providers/index.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

const SOURCE = { address: "192.0.2.1", port: 5000 };
const ANNA: UserRecord = {
  id: "u-anna",
  name: "anna",
  role: "user",
  passwordHash: "",
  provider: "local",
  subject: null,
  email: null,
  createdAt: 0,
  disabledAt: null,
  lastLoginAt: null,
  version: 1,
};
const label = { en: "English", fr: "Français" };

function field(name: string, maxLength = 8): SignInProvider["form"]["fields"][number] {
  return { name, kind: "text", label, missing: label, autocomplete: "off", maxLength };
}

/** A provider that answers the same each time, and how often it was asked. */
function answering(
  result: SignInResult,
  fields = [field("name"), field("password")],
  href: string | null = null,
) {
  const asked: string[] = [];
  const provider: SignInProvider = {
    form: { fields, buttons: [{ label, href }] },
    signIn: ({ name }) => {
      asked.push(name);
      return Promise.resolve(result);
    },
  };
  return { ...provider, asked };
}

/** Steps as the database keeps them, in memory. */
class MemorySteps implements SignInStepStore {
  readonly rows = new Map<string, { value: string; tries: number; expiresAt: number }>();

  create(hash: string, value: string, expiresAt: number): Promise<void> {
    this.rows.set(hash, { value, tries: 0, expiresAt });
    return Promise.resolve();
  }

  try(hash: string, now: number, maxTries: number): Promise<string | null> {
    const row = this.rows.get(hash);
    if (row === undefined || row.expiresAt <= now || row.tries >= maxTries) return Promise.resolve(null);
    row.tries += 1;
    return Promise.resolve(row.value);
  }

  take = (hash: string): Promise<boolean> => Promise.resolve(this.rows.delete(hash));
  useOnce = (): Promise<boolean> => Promise.resolve(true);
  deleteExpired = (): Promise<number> => Promise.resolve(0);
}

const ADMISSION: Admission = { create: true, viewers: true, denyGroups: [], denyPeople: [] };
const PERSON: ExternalPerson = { subject: "s-1", name: "carl", email: null, groups: [] };

function openWith(more: { readonly asking?: string }, ...providers: SignInProvider[]) {
  const audited: AuditEntry[] = [];
  const clock = new ManualClock();
  const linked: [string, string][] = [];
  const denied = new Set<string>();
  const signIn = new SignInService({
    providers: providers.map((provider, index) => ({
      id: `p${index}`,
      kind: "test",
      admission: ADMISSION,
      provider,
    })),
    linker: {
      judgeOwn: ({ name }) => Promise.resolve(denied.has(name) ? "USER_DENIED" : null),
      keepGroups: () => Promise.resolve(),
      link: (id, _admission, { subject }) => {
        linked.push([id, subject]);
        if (subject === "denied")
          return Promise.resolve({ kind: "refused", reason: "USER_DENIED", user: null } as const);
        return Promise.resolve({ kind: "account", user: ANNA } as const);
      },
    },
    steps: new SignInSteps(new MemorySteps(), clock),
    users: {
      find: (id) => Promise.resolve(id === ANNA.id ? ANNA : null),
      findBySubject: () => Promise.resolve(null),
    },
    // What comes after the account is known: test/unit/web/server/routes/factor-routes.test.ts.
    factors: {
      passkeysAvailable: false,
      describeSignIn: () => Promise.reject(new Error("not here")),
      identify: () => Promise.reject(new Error("not here")),
    },
    gate: {
      begin: () => Promise.resolve(null),
      proceed: () => Promise.reject(new Error("not here")),
    },
    throttle: new PasswordThrottle(clock),
    audit: (entry) => void audited.push(entry),
    log: pino({ level: "silent" }),
    ...(more.asking !== undefined && {
      signUps: { isWaiting: ({ password }) => Promise.resolve(password === more.asking) },
    }),
  });
  return {
    signIn,
    audited,
    clock,
    linked,
    deny: (name: string) => void denied.add(name),
    try: (password = "x") => signIn.authenticate({ name: "anna", password }, { source: SOURCE }),
  };
}

const open = (...providers: SignInProvider[]) => openWith({}, ...providers);

test("who asks for an account hears so, whichever provider knows another one of the name", async () => {
  const results: SignInResult[] = [
    { kind: "unknownPerson" },
    { kind: "refused", user: ANNA },
    { kind: "unavailable", reason: "x" },
  ];
  for (const result of results) {
    const service = openWith({ asking: "mine" }, answering(result), answering({ kind: "unknownPerson" }));
    await expect(service.try("mine")).rejects.toMatchObject({ code: "ACCOUNT_REQUESTED" });
    await expect(service.try("other")).rejects.toMatchObject({
      code: expect.stringMatching(/^LOGIN_/) as string,
    });
  }
  const { signIn } = openWith({ asking: "mine" }, answering({ kind: "signedIn", user: ANNA }));
  const mine = { name: "anna", password: "mine" };
  expect(await signIn.authenticate(mine, { source: SOURCE })).toMatchObject({ kind: "account" });
});

test("the next provider is asked where one does not know the person", async () => {
  const first = answering({ kind: "unknownPerson" });
  const second = answering({ kind: "signedIn", user: ANNA });
  const third = answering({ kind: "signedIn", user: { ...ANNA, id: "other" } });
  const fixture = open(first, second, third);
  expect(await fixture.try()).toEqual({ kind: "account", user: ANNA, provider: "p1" });
  expect([first, second, third].map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
  expect(fixture.audited).toEqual([]);
});

test("a provider hears whether the account has signed in from here before", async () => {
  const heard: (string | undefined)[] = [];
  const provider: SignInProvider = {
    ...answering({ kind: "signedIn", user: ANNA }),
    signIn: (_credentials, { familiarity }) => {
      heard.push(familiarity);
      return Promise.resolve({ kind: "signedIn", user: ANNA });
    },
  };
  const { signIn } = open(provider);
  const from = (address: string, device: string | null = null) =>
    signIn.authenticate({ name: "anna", password: "x" }, { source: { address, port: 5000 }, device });
  await from("192.0.2.1");
  await from("192.0.2.1");
  await from("203.0.113.1");
  await from("198.51.100.1", "device-1");
  expect(heard).toEqual(["stranger", "known", "stranger", "known"]);
});

test("no other provider is asked after a wrong password", async () => {
  const second = answering({ kind: "signedIn", user: ANNA });
  const fixture = open(answering({ kind: "refused", user: ANNA }), second);
  await expect(fixture.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect(second.asked).toEqual([]);
  expect(fixture.audited).toEqual([
    {
      action: "login.failure",
      outcome: "failure",
      reason: "LOGIN_REFUSED",
      source: SOURCE,
      actor: "u-anna",
      actorName: "anna",
    },
  ]);
});

test("a person that no provider knows is refused without a name in the audit log", async () => {
  const fixture = open(answering({ kind: "unknownPerson" }), answering({ kind: "unknownPerson" }));
  await expect(fixture.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect(fixture.audited).toEqual([
    { action: "login.failure", outcome: "failure", reason: "LOGIN_REFUSED", source: SOURCE },
  ]);
});

test("a disabled account is refused, whichever provider knows it", async () => {
  const fixture = open(answering({ kind: "signedIn", user: { ...ANNA, disabledAt: 1 } }));
  await expect(fixture.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect(fixture.audited).toMatchObject([{ reason: "LOGIN_REFUSED", actor: "u-anna" }]);
});

test("providers are not asked while attempts are throttled", async () => {
  const provider = answering({ kind: "unknownPerson" });
  const fixture = open(provider);
  for (let attempt = 0; attempt < 5; attempt += 1)
    await expect(fixture.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  await expect(fixture.try()).rejects.toMatchObject({ code: "LOGIN_THROTTLED" });
  expect(provider.asked).toHaveLength(5);
  expect(fixture.audited.at(-1)).toEqual({
    action: "login.failure",
    outcome: "failure",
    reason: "LOGIN_THROTTLED",
    source: SOURCE,
  });
});

test("the form has each field once, every link and one button that submits", () => {
  const { signIn } = open(
    answering({ kind: "unknownPerson" }),
    answering({ kind: "unknownPerson" }, [field("name"), field("code", 6)]),
    answering({ kind: "unknownPerson" }, [], "/api/v1/sign-in/elsewhere"),
  );
  expect(signIn.form.fields.map(({ name }) => name)).toEqual(["name", "password", "code"]);
  expect(signIn.form.buttons.map(({ href }) => href)).toEqual([null, "/api/v1/sign-in/elsewhere"]);
  const accepted = { name: "anna", password: "x", code: "123456" };
  expect(signIn.request.parse({ ...accepted, unknown: 1 })).toEqual(accepted);
  expect(signIn.request.safeParse({ ...accepted, code: "1234567" }).success).toBe(false);
  expect(signIn.request.safeParse({ name: "anna", code: "1" }).success).toBe(false);
});

test("a person of another service gets their account, and a service that may not be entered says no more than that", async () => {
  const fixture = open(answering({ kind: "unknownPerson" }), answering({ kind: "person", person: PERSON }));
  expect(await fixture.try()).toEqual({ kind: "account", user: ANNA, provider: "p1" });
  expect(fixture.linked).toEqual([["p1", "s-1"]]);
  const denied = open(answering({ kind: "person", person: { ...PERSON, subject: "denied" } }));
  await expect(denied.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect(denied.audited).toMatchObject([{ action: "login.failure", reason: "USER_DENIED" }]);
});

test("a service that cannot be asked shuts nobody out whom another one knows, and is told apart from a wrong password", async () => {
  const away = answering({ kind: "unavailable", reason: "connection refused" });
  const known = open(away, answering({ kind: "signedIn", user: ANNA }));
  expect(await known.try()).toMatchObject({ kind: "account", user: ANNA });
  const refused = open(away, answering({ kind: "refused", user: null }));
  await expect(refused.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  const unknown = open(away, answering({ kind: "unknownPerson" }));
  await expect(unknown.try()).rejects.toMatchObject({ code: "LOGIN_UNAVAILABLE" });
  const broken = answering({ kind: "unknownPerson" });
  const faulty = open({ ...broken, signIn: () => Promise.reject(new Error("secret of the service")) });
  await expect(faulty.try()).rejects.toMatchObject({ code: "LOGIN_UNAVAILABLE" });
});

test("an empty password asks nobody", async () => {
  const provider = answering({ kind: "signedIn", user: ANNA });
  const fixture = open(provider);
  await expect(fixture.try("")).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect(provider.asked).toEqual([]);
});

test("where there is no password, only providers that need none are asked, and where there is one, only the others", async () => {
  const withPassword = answering({ kind: "unknownPerson" });
  const without = {
    ...answering({ kind: "signedIn", user: ANNA }, [field("name", 100)]),
    withoutPassword: true,
  };
  const fixture = open(withPassword, without as SignInProvider);
  expect(await fixture.try("")).toMatchObject({ kind: "account", provider: "p1" });
  expect([withPassword.asked, without.asked]).toEqual([[], ["anna"]]);
  await expect(fixture.try("x")).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect([withPassword.asked, without.asked]).toEqual([["anna"], ["anna"]]);
});

test("a request without a password is one where a provider needs none, and a name may be as long as the longest field", () => {
  const without = answering({ kind: "unknownPerson" }, [field("name", 100)]);
  const { signIn } = open(answering({ kind: "unknownPerson" }), { ...without, withoutPassword: true });
  const name = "n".repeat(100);
  for (const given of [{ name }, { name, password: "" }])
    expect(signIn.request.parse(given)).toEqual({ name, password: "" });
  expect(signIn.request.safeParse({ name: `${name}n`, password: "x" }).success).toBe(false);
  expect(signIn.form.fields.map((one) => [one.name, one.maxLength])).toEqual([
    ["name", 100],
    ["password", 8],
  ]);
  const plain = open(answering({ kind: "unknownPerson" })).signIn.request;
  expect(plain.safeParse({ name: "anna", password: "" }).success).toBe(false);
  expect(plain.safeParse({ name, password: "x" }).success).toBe(false);
});

test("buttons that submit different fields stay apart", () => {
  const button = (without?: string[]) => ({ label, href: null, ...(without && { without }) });
  const having = (...buttons: SignInProvider["form"]["buttons"]): SignInProvider => ({
    form: { fields: [field("name")], buttons },
  });
  const { signIn } = open(
    having(button()),
    having(button(["password"])),
    having(button(), button(["password"])),
  );
  expect(signIn.form.buttons).toEqual([button(), button(["password"])]);
});

/** Asks for the code 42 after the password. */
function asking(result: SignInResult): SignInProvider {
  const form = { fields: [field("code")], buttons: [] };
  return {
    ...answering({ kind: "challenge", challenge: { form, state: { code: "42" } } }),
    proceed: (state, { code }) =>
      Promise.resolve(code === (state as { code: string }).code ? result : { kind: "refused", user: null }),
  };
}

async function begin(fixture: ReturnType<typeof open>): Promise<string> {
  const outcome = await fixture.try();
  if (outcome.kind !== "step") throw new Error("no step");
  expect(outcome.step.form.fields.map(({ name }) => name)).toEqual(["code"]);
  return outcome.step.id;
}

test("a further step signs in by the right answer, once, and not by a wrong one", async () => {
  const fixture = open(asking({ kind: "person", person: PERSON }));
  const id = await begin(fixture);
  const context = { source: SOURCE };
  const wrong = fixture.signIn.proceed(id, { code: "1" }, context);
  await expect(wrong).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  const both = await Promise.allSettled(
    [1, 2].map(() => fixture.signIn.proceed(id, { code: "42" }, context)),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(both.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "LOGIN_STEP_GONE" },
  });
  expect(both.find(({ status }) => status === "fulfilled")).toMatchObject({
    value: { kind: "account", user: ANNA, provider: "p0" },
  });
});

test("a further step takes five answers and ten minutes, no more", async () => {
  const fixture = open(asking({ kind: "person", person: PERSON }));
  const id = await begin(fixture);
  const answer = (code: string, address = "192.0.2.7") =>
    fixture.signIn.proceed(id, { code }, { source: { address, port: 1 } });
  for (let index = 0; index < 5; index += 1)
    await expect(answer("1", `198.51.100.${index}`)).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  await expect(answer("42")).rejects.toMatchObject({ code: "LOGIN_STEP_GONE" });
  const late = open(asking({ kind: "person", person: PERSON }));
  const other = await begin(late);
  late.clock.advance(600_001);
  const attempt = late.signIn.proceed(other, { code: "42" }, { source: SOURCE });
  await expect(attempt).rejects.toMatchObject({ code: "LOGIN_STEP_GONE" });
  await expect(late.signIn.proceed("nonsense", {}, { source: SOURCE })).rejects.toMatchObject({
    code: "LOGIN_STEP_GONE",
  });
});

test("people of one address sign in by two steps all day: steps that were right are no guesses", async () => {
  const fixture = open(asking({ kind: "person", person: PERSON }));
  for (let person = 0; person < 20; person += 1) {
    const id = await begin(fixture);
    const outcome = await fixture.signIn.proceed(id, { code: "42" }, { source: SOURCE });
    expect(outcome).toMatchObject({ kind: "account" });
  }
});

test("who is denied does not enter by an account of this server either", async () => {
  const fixture = open({ ...answering({ kind: "signedIn", user: ANNA }) });
  expect(await fixture.try()).toMatchObject({ kind: "account" });
  fixture.deny("anna");
  await expect(fixture.try()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect(fixture.audited).toMatchObject([{ reason: "USER_DENIED", actor: "u-anna" }]);
});

test("where the name may be left out, its provider alone is asked, and only with nothing typed at all", async () => {
  const withPassword = answering({ kind: "signedIn", user: ANNA });
  const mailed = { ...answering({ kind: "unknownPerson" }), withoutPassword: true };
  const open_ = {
    ...answering({ kind: "person", person: PERSON }, []),
    ...{ withoutPassword: true, withoutName: true },
  };
  const { signIn } = open(withPassword, mailed as SignInProvider, open_ as SignInProvider);
  const given = signIn.request.parse({});
  expect(given).toEqual({ name: "", password: "" });
  const context = { source: SOURCE };
  expect(await signIn.authenticate(given, context)).toMatchObject({ kind: "account", provider: "p2" });
  const half = signIn.authenticate({ name: "", password: "x" }, context);
  await expect(half).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
  expect([withPassword.asked, mailed.asked, open_.asked]).toEqual([[], [], [""]]);
});
