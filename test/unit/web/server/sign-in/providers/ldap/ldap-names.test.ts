import { expect, test } from "vitest";
import {
  fillBindTemplate,
  fillFilter,
  isPlainName,
  readCommonName,
  widenFilter,
} from "../../../../../../../web/server/sign-in/providers/ldap/ldap-names.ts";

test("values in a filter are escaped, and what they contain is no place for another value", () => {
  expect(fillFilter("(&(uid={name})(member={dn}))", { name: "{dn}*", dn: "cn=a\\,(b)\0" })).toBe(
    "(&(uid={dn}\\2a)(member=cn=a\\5c,\\28b\\29\\00))",
  );
  expect(fillFilter("(uid={name})(member={dn})", { name: "é" })).toBe("(uid=é)(member={dn})");
  expect(widenFilter("(&(objectClass=person)(uid={name}))")).toBe("(&(objectClass=person)(uid=*))");
});

test.each([
  ["anna", "anna"],
  ["a,b", "a\\,b"],
  ["a+b=c", "a\\+b\\=c"],
  ['"<>;\\', '\\"\\<\\>\\;\\\\'],
  ["#a#", "\\#a#"],
  [" a b ", "\\ a b\\ "],
  [" ", "\\ "],
  ["a\0b", "a\\00b"],
])("%j in a distinguished name is %j", (name, escaped) => {
  expect(fillBindTemplate("uid={name},dc=x", name)).toBe(`uid=${escaped},dc=x`);
});

test("where nothing can be escaped, only plain names are taken", () => {
  for (const template of ["{name}@x.org", "X\\{name}"]) {
    expect(fillBindTemplate(template, "anna.k-1_é")).toBe(template.replace("{name}", "anna.k-1_é"));
    for (const name of ["a@b", "a\\b", "a b", "a,b", "a/b", ""])
      expect(fillBindTemplate(template, name)).toBeNull();
  }
});

test.each(["anna", "Jürgen Groß", "a.b@c.org", "山田"])("%j may be somebody's name", (name) => {
  expect(isPlainName(name)).toBe(true);
});

test.each([
  "",
  " anna",
  "anna ",
  "an  na",
  "an\tna",
  "an\u00adna",
  "an\u200bna",
  "a\u0301nna",
  "\uff41nna",
  "anna\0",
  "an\ud800",
])("%j is nobody's", (name) => {
  expect(isPlainName(name)).toBe(false);
});

test.each([
  ["cn=admins,ou=groups", "admins"],
  ["CN = Domain Users , DC=x", "Domain Users"],
  ["cn=a\\,b,dc=x", "a,b"],
  ["cn=a\\2cb\\c3\\a9,dc=x", "a,bé"],
  ["cn=a+ou=b,dc=x", "a"],
  ["cn=alone", "alone"],
  ["ou=groups,dc=x", null],
  ["cn=#04024869,dc=x", null],
  ["cn=,dc=x", null],
  ["", null],
])("the cn of %j is %j", (dn, name) => {
  expect(readCommonName(dn)).toBe(name);
});

test("a name that never ends well is read once", () => {
  for (const piece of ["\\2c", "\\,", " ", "a\\"]) {
    const name = readCommonName(`cn=${piece.repeat(100_000)}"\\`);
    expect(name?.endsWith('"')).toBe(true);
  }
});
