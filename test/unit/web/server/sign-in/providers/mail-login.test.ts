import { expect, test } from "vitest";
import {
  findMailLogin,
  parseMailAddress,
} from "../../../../../../web/server/sign-in/providers/mail-login.ts";

test.each([
  ["Anna", "example.org", { name: "anna", login: "anna@example.org" }],
  [" anna ", undefined, { name: "anna", login: "anna" }],
  ["ANNA@Example.org", "example.org", { name: "anna", login: "anna@example.org" }],
  ["anna@example.org", undefined, { name: "anna@example.org", login: "anna@example.org" }],
  // One person is one login, however the name was typed.
  ["ａｎｎａ", "example.org", { name: "anna", login: "anna@example.org" }],
  ["Ärzte", "example.org", { name: "ärzte", login: "ärzte@example.org" }],
  ["anna@example.com", "example.org", null],
  ["anna@example.org@example.com", "example.org", null],
  ["anna@example.com@example.org", "example.org", null],
  ["@example.org", "example.org", null],
  ["anna@", "example.org", null],
  ["", undefined, null],
  ["an\0na", undefined, null],
  ["anna\r\n.", undefined, null],
  ["an\u200bna", undefined, null],
])("%j with the domain %j", (typed, domain, expected) => {
  expect(findMailLogin(typed, domain)).toEqual(expected);
});

test.each([
  ["Anna@Example.ORG", "anna@example.org"],
  [" anna@example.org ", "anna@example.org"],
  ["anna", null],
  ["anna@example.org, eve@example.org", null],
  ["Anna <anna@example.org>", null],
  ["anna@example.org\r\nBcc: eve@example.org", null],
  ["änna@example.org", null],
  [`${"a".repeat(250)}@example.org`, null],
])("the address %j", (typed, expected) => {
  expect(parseMailAddress(typed)).toBe(expected);
});
