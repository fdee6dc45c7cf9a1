import { expect, test } from "vitest";
import type { LdapEntry } from "../../../../../../../web/server/sign-in/providers/ldap/ldap-messages.ts";
import { ldapOptions } from "../../../../../../../web/server/sign-in/providers/ldap/ldap-options.ts";
import {
  describePerson,
  isShutOut,
  listPersonAttributes,
  MAX_LDAP_GROUPS,
  nameGroups,
  readMemberOf,
} from "../../../../../../../web/server/sign-in/providers/ldap/ldap-person.ts";

function makeEntry(
  attributes: Readonly<Record<string, readonly (string | Buffer)[]>>,
  dn = "uid=a,dc=x",
): LdapEntry {
  const entries = Object.entries(attributes).map(
    ([name, values]) => [name.toLowerCase(), values.map((value) => Buffer.from(value))] as const,
  );
  return { dn, attributes: new Map(entries) };
}

const parseOptions = (more: Record<string, unknown> = {}) =>
  ldapOptions.parse({ urls: ["ldaps://a"], searchBase: "dc=x", ...more });
const OPTIONS = parseOptions();
const GUID = Buffer.from("00112233445566778899aabbccddeeff", "hex");

test("the key is the directory's own: Active Directory's, 389's, then the standard's", () => {
  const keys = { entryUUID: ["e-1"], nsUniqueId: ["n-1"], objectGUID: [GUID] };
  const subjectOf = (attributes: Parameters<typeof makeEntry>[0], options = OPTIONS) =>
    describePerson(makeEntry(attributes), options, "typed").subject;
  expect(subjectOf(keys)).toBe("objectguid:33221100-5544-7766-8899-aabbccddeeff");
  expect(subjectOf({ entryUUID: ["e-1"], nsUniqueId: ["n-1"] })).toBe("nsuniqueid:n-1");
  expect(subjectOf({ entryUUID: ["e-1"] })).toBe("entryuuid:e-1");
  expect(subjectOf(keys, parseOptions({ subjectAttribute: "entryUUID" }))).toBe("entryuuid:e-1");
  expect(subjectOf({ GUID: [Buffer.from([0xff, 0])] }, parseOptions({ subjectAttribute: "GUID" }))).toBe(
    "guid:ff00",
  );
});

test.each<[string, Parameters<typeof makeEntry>[0]]>([
  ["none", {}],
  ["an empty one", { entryUUID: [""] }],
  ["two", { entryUUID: ["a", "b"] }],
  ["a GUID that is too short", { objectGUID: [GUID.subarray(1)] }],
  ["one without end", { entryUUID: ["a".repeat(201)] }],
])("%s is no key", (_what, attributes) => {
  expect(() => describePerson(makeEntry(attributes), OPTIONS, "typed")).toThrow(/no single value of/);
});

test("name and address of mail", () => {
  const describe = (attributes: Parameters<typeof makeEntry>[0], more = {}) =>
    describePerson(makeEntry({ entryUUID: ["1"], ...attributes }), parseOptions(more), "typed");
  expect(
    describe({ uid: ["anna", "ann"], sAMAccountName: ["x"], mail: ["a@x.org", "b@x.org"] }),
  ).toMatchObject({
    name: "anna",
    email: "a@x.org",
  });
  expect(describe({ sAMAccountName: ["x"] })).toMatchObject({ name: "x", email: null });
  expect(describe({})).toMatchObject({ name: "typed" });
  expect(describe({ mail: ["p@x.org"] }, { nameAttribute: "mail" })).toMatchObject({ name: "p@x.org" });
  for (const mail of [
    "no address",
    "a@b@c",
    "a@x.org\r\nBcc: b@x.org",
    `${"a".repeat(250)}@x.org`,
    "@x",
    Buffer.from([0xff]),
  ])
    expect(describe({ mail: [mail] })).toMatchObject({ email: null });
});

test("only marks that shut out do so", () => {
  for (const [attributes, out] of [
    [{}, false],
    [{ userAccountControl: ["512"] }, false],
    [{ userAccountControl: ["514"] }, true],
    [{ userAccountControl: ["nonsense"] }, false],
    [{ "msDS-User-Account-Control-Computed": ["0"] }, false],
    [{ "msDS-User-Account-Control-Computed": ["8388624"] }, true],
    [{ nsAccountLock: ["true"] }, true],
    [{ nsAccountLock: ["false"] }, false],
  ] as const)
    expect(isShutOut(makeEntry(attributes)), JSON.stringify(attributes)).toBe(out);
});

test("groups have their distinguished name and their cn, and never somebody else's", () => {
  const found = [
    makeEntry({ cn: ["x"] }, "cn=found,dc=x"),
    makeEntry({ cn: ["by number"] }, "gidNumber=7,dc=x"),
    makeEntry({ cn: ["cn=admins,dc=x"] }, "cn=cn\\=admins\\,dc\\=x,dc=x"),
  ];
  expect(nameGroups(["cn=found,dc=x", "CN=Ä\\,b,DC=x", "ou=nameless"], found)).toEqual([
    ...["cn=found,dc=x", "CN=Ä\\,b,DC=x", "ou=nameless", "gidNumber=7,dc=x", "cn=cn\\=admins\\,dc\\=x,dc=x"],
    ...["found", "Ä,b", "by number"],
  ]);
});

test("a list of groups that is not whole is none", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `cn=${index}`);
  expect(nameGroups(many(MAX_LDAP_GROUPS), [])).toHaveLength(2 * MAX_LDAP_GROUPS);
  expect(() => nameGroups(many(MAX_LDAP_GROUPS + 1), [])).toThrow(/does not name all groups/);
  expect(readMemberOf(makeEntry({ memberOf: ["cn=a"] }), OPTIONS)).toEqual(["cn=a"]);
  expect(() => readMemberOf(makeEntry({ "memberOf;range=0-1499": ["cn=a"] }), OPTIONS)).toThrow(/all groups/);
});

test("of an entry only what is needed is asked for", () => {
  expect(listPersonAttributes(OPTIONS)).toEqual([
    ...["objectGUID", "nsUniqueId", "entryUUID", "uid", "sAMAccountName", "mail", "memberOf"],
    ...["userAccountControl", "msDS-User-Account-Control-Computed", "nsAccountLock", "loginDisabled"],
  ]);
  const chosen = parseOptions({
    subjectAttribute: "a",
    nameAttribute: "b",
    mailAttribute: "c",
    groupAttribute: "d",
  });
  expect(listPersonAttributes(chosen).slice(0, 4)).toEqual(["a", "b", "c", "d"]);
});
