import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SignInField } from "../../../../../web/api/schemas.ts";
import {
  answerByCode,
  recallStep,
  rememberStep,
  takeLinkedCode,
} from "../../../../../web/client/sign-in/linked-code.ts";

const label = { en: "x", fr: "x" };
const CODE: SignInField = {
  ...{ name: "code", kind: "text", label, missing: label },
  ...{ autocomplete: "one-time-code", maxLength: 6 },
};
const PASSWORD: SignInField = { ...CODE, name: "password", kind: "password" };
const STEP = { id: "s-1", form: { fields: [CODE], buttons: [] } };

/** The parts of a browser that the code asks. */
function stubBrowser(hash: string) {
  const stored = new Map<string, string>();
  const replaced: string[] = [];
  vi.stubGlobal("location", { hash, pathname: "/", search: "" });
  vi.stubGlobal("history", {
    state: null,
    replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url),
  });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  return { stored, replaced };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the code of a link is taken out of the address", () => {
  const { replaced } = stubBrowser("#code=012345");
  expect(takeLinkedCode()).toBe("012345");
  expect(replaced).toEqual(["/"]);
});

test.each(["", "#code=12345", "#code=1234567", "#code=12345x", "#x&code=123456"])("%j is no code", (hash) => {
  const { replaced } = stubBrowser(hash);
  expect(takeLinkedCode()).toBeNull();
  expect(replaced).toEqual([]);
});

test("a step is known to the browser's other tabs for ten minutes, or until it is over", () => {
  stubBrowser("");
  expect(recallStep()).toBeNull();
  rememberStep(STEP);
  vi.setSystemTime(599_999);
  expect(recallStep()).toEqual(STEP);
  vi.setSystemTime(600_000);
  expect(recallStep()).toBeNull();
  rememberStep(STEP);
  rememberStep(null);
  expect(recallStep()).toBeNull();
});

test.each([
  ["nothing", { fields: [] }],
  ["a password", { fields: [PASSWORD] }],
  ["more than a code", { fields: [CODE, PASSWORD] }],
  ["a new app", { totp: { uri: "otpauth://totp/x", secret: "JBSWY3DP" } }],
  ["recovery codes", { recoveryCodes: ["k0fq-7m2x-rw8d-p4tz"] }],
  ["a passkey", { passkey: { use: "get" as const, options: {} } }],
])("a step with %s is not kept, and the one of before goes", (_, form) => {
  const { stored } = stubBrowser("");
  rememberStep(STEP);
  rememberStep({ id: "s-2", form: { ...STEP.form, ...form } });
  expect([...stored.values()]).toEqual([]);
});

test("the step's own field is answered", () => {
  const form = { ...STEP.form, fields: [{ ...CODE, name: "digits" }] };
  expect(answerByCode({ id: "s-1", form }, "012345")).toEqual({ digits: "012345" });
});

test("a browser without storage types the code", () => {
  stubBrowser("");
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new Error("denied");
    },
    setItem: () => {
      throw new Error("denied");
    },
  });
  rememberStep(STEP);
  expect(recallStep()).toBeNull();
});
