import { expect, test } from "vitest";
import type { AuditEntry, UserRecord } from "../../../../../proxy/index.ts";
import { PasswordThrottle } from "../../../../../web/server/sign-in/password-throttle.ts";
import { SignInService } from "../../../../../web/server/sign-in/sign-in-service.ts";
import type { SignInProvider, SignInResult } from "../../../../../web/server/sign-in/providers/index.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

const SOURCE = { address: "192.0.2.1", port: 5000 };
const ANNA: UserRecord = {
  id: "u-anna",
  name: "anna",
  role: "user",
  passwordHash: "",
  createdAt: 0,
  disabledAt: null,
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

function open(...providers: SignInProvider[]) {
  const audited: AuditEntry[] = [];
  const signIn = new SignInService({
    providers,
    throttle: new PasswordThrottle(new ManualClock()),
    audit: (entry) => void audited.push(entry),
  });
  return {
    signIn,
    audited,
    try: () => signIn.authenticate({ name: "anna", password: "x" }, { source: SOURCE }),
  };
}

test("the next provider is asked where one does not know the person", async () => {
  const first = answering({ kind: "unknownPerson" });
  const second = answering({ kind: "signedIn", user: ANNA });
  const third = answering({ kind: "signedIn", user: { ...ANNA, id: "other" } });
  const fixture = open(first, second, third);
  expect(await fixture.try()).toBe(ANNA);
  expect([first, second, third].map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
  expect(fixture.audited).toEqual([]);
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
