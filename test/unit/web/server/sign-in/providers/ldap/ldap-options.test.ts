import { expect, test } from "vitest";
import {
  chooseGroupFilter,
  ldapOptions,
  listTargets,
} from "../../../../../../../web/server/sign-in/providers/ldap/ldap-options.ts";

const SEARCH = { urls: ["ldaps://a.example.org"], searchBase: "dc=x" };

test("the least that is to be said", () => {
  expect(ldapOptions.parse(SEARCH)).toEqual({
    ...SEARCH,
    insecure: false,
    searchFilter: "(uid={name})",
    mailAttribute: "mail",
    groupAttribute: "memberOf",
    nestedGroups: false,
  });
});

test("addresses have the usual ports, and ldap:// is encrypted unless it is this machine and said so", () => {
  const urls = ["ldaps://a.example.org", "ldap://[::1]:3890", "ldap://127.0.0.1"];
  const secure = listTargets(ldapOptions.parse({ ...SEARCH, urls }));
  expect(secure).toMatchObject([
    { host: "a.example.org", port: 636, security: "tls", identity: "a.example.org" },
    { host: "::1", port: 3890, security: "startTls", identity: "::1" },
    { host: "127.0.0.1", port: 389, security: "startTls" },
  ]);
  const insecure = listTargets(ldapOptions.parse({ ...SEARCH, urls, insecure: true, serverName: "b" }));
  expect(insecure.map(({ security, identity }) => [security, identity])).toEqual([
    ["tls", "b"],
    ["none", "b"],
    ["none", "b"],
  ]);
});

test("groups are searched by three attributes, by Active Directory's rule, or by one's own filter", () => {
  const choose = (more: Record<string, unknown>) =>
    chooseGroupFilter(ldapOptions.parse({ ...SEARCH, groupSearchBase: "dc=g", ...more }));
  expect(choose({})).toBe("(|(member={dn})(uniqueMember={dn})(memberUid={name}))");
  expect(choose({ nestedGroups: true })).toBe("(member:1.2.840.113556.1.4.1941:={dn})");
  expect(choose({ groupSearchFilter: "(m={dn})" })).toBe("(m={dn})");
});

test.each<[Record<string, unknown>, RegExp]>([
  [{ urls: [] }, /urls/],
  [{ urls: Array.from({ length: 6 }, () => "ldaps://a") }, /urls/],
  [{ urls: ["http://a"] }, /is ldaps:\/\/HOST/],
  [{ urls: ["ldaps://user:secret@a"] }, /is ldaps:\/\/HOST/],
  [{ urls: ["ldaps://a/dc=x"] }, /is ldaps:\/\/HOST/],
  [{ urls: ["ldaps://a:99999"] }, /is ldaps:\/\/HOST/],
  [{ urls: ["ldap://a.example.org"], insecure: true }, /this machine's own addresses/],
  [{ urls: ["LDAP://a.example.org"], insecure: true }, /this machine's own addresses/],
  [{ urls: ["ldap://127.example.org"], insecure: true }, /this machine's own addresses/],
  [{ ca: "x" }, /no certificate/],
  [{ ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }, /no certificate/],
  [{ bindDn: "cn=a" }, /come together/],
  [{ bindDn: "cn=a", bindPassword: "" }, /bindPassword/],
  [{ searchBase: undefined }, /"bindTemplate"/],
  [{ bindTemplate: "uid=anna,dc=x" }, /needs \{name\}/],
  [{ bindTemplate: "{name}" }, /is a distinguished name/],
  [{ bindTemplate: "{name}@x", searchBase: undefined }, /to find the person's entry/],
  [{ bindTemplate: "uid={name}", bindDn: "cn=a", bindPassword: "b" }, /one of the two/],
  [{ searchFilter: "(uid=anna)" }, /needs \{name\}/],
  [{ searchFilter: "(uid={name}" }, /no filter/],
  [{ searchFilter: "(&(uid={name})(x))" }, /no filter/],
  [{ searchFilter: "(&(uid={name})({name}=*))" }, /no filter|where an attribute belongs/],
  [{ subjectAttribute: "UID" }, /given again/],
  [{ subjectAttribute: "distinguishedName" }, /given again/],
  [{ mailAttribute: "mail,uid" }, /name of an attribute/],
  [{ nestedGroups: true }, /groupSearchBase/],
  [{ groupSearchFilter: "(member={dn})" }, /groupSearchBase/],
  [{ groupSearchBase: "dc=g", groupSearchFilter: "(member=x)" }, /needs \{dn\}/],
  [{ groupSearchBase: "dc=g", groupSearchFilter: "(member={dn})", nestedGroups: true }, /no place beside/],
  [{ bindDN: "cn=a" }, /bindDN/],
])("%j is refused in words", (change, words) => {
  const { error } = ldapOptions.safeParse({ ...SEARCH, ...change });
  expect(error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join()).toMatch(words);
});
