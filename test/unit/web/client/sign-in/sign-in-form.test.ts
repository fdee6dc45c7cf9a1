import { describe, expect, it } from "vitest";
import type { SignInField } from "../../../../../web/api/schemas.ts";
import { asksNameFirst, collectAnswers } from "../../../../../web/client/sign-in/sign-in-form.ts";

const label = { en: "x", fr: "x" };

function makeField(name: string, change: Partial<SignInField> = {}): SignInField {
  return { name, kind: "text", label, missing: label, autocomplete: "off", maxLength: 64, ...change };
}

const NAME = makeField("name", { autocomplete: "username webauthn" });
const PASSWORD = makeField("password", { kind: "password", autocomplete: "current-password" });
const CODE = makeField("code", { autocomplete: "one-time-code", maxLength: 6 });
const SUBMIT = { label, href: null };
const LINK = { label, href: "/api/v1/sign-in/campus" };

describe("asksNameFirst", () => {
  it("shows name and password at once where there is nothing else", () => {
    expect(asksNameFirst({ fields: [NAME, PASSWORD], buttons: [SUBMIT] })).toBe(false);
  });

  it("asks for the name alone where other ways are offered", () => {
    expect(asksNameFirst({ fields: [NAME, PASSWORD], buttons: [SUBMIT, LINK] })).toBe(true);
    const mail = { ...SUBMIT, without: ["password"] };
    expect(asksNameFirst({ fields: [NAME, PASSWORD], buttons: [SUBMIT, mail] })).toBe(true);
    expect(asksNameFirst({ fields: [NAME, PASSWORD, makeField("branch")], buttons: [SUBMIT] })).toBe(true);
  });

  it("asks at once for what has no name in front, or nothing behind it", () => {
    expect(asksNameFirst({ fields: [NAME], buttons: [SUBMIT, LINK] })).toBe(false);
    expect(asksNameFirst({ fields: [CODE, PASSWORD], buttons: [SUBMIT, LINK] })).toBe(false);
    expect(asksNameFirst({ fields: [], buttons: [LINK] })).toBe(false);
  });
});

describe("collectAnswers", () => {
  const collect = (fields: readonly SignInField[], typed: Readonly<Record<string, string>>) =>
    collectAnswers(fields, (name) => typed[name] ?? "");

  it("takes blanks off names, and nothing off passwords", () => {
    const typed = { name: " anna ", password: " pass word " };
    expect(collect([NAME, PASSWORD], typed)).toEqual({
      answers: { name: "anna", password: " pass word " },
      missing: null,
    });
  });

  it.each([
    ["123 456", "123456"],
    [" 123-456\n", "123456"],
    ["abcd-efgh ", "abcd-efgh"],
  ])("takes a code as it was copied: %j", (typed, code) => {
    expect(collect([CODE], { code: typed }).answers).toEqual({ code });
  });

  it("names the first field that was left empty", () => {
    expect(collect([NAME, PASSWORD], { name: "  ", password: "x" }).missing).toBe(NAME);
    expect(collect([NAME, PASSWORD], { name: "anna" }).missing).toBe(PASSWORD);
  });
});
