import { SUFFIX } from "./slapd.ts";

/** The people and groups of the tests' directory, as LDIF. */

const READER_PASSWORD = "reads everything";
export const PEOPLE = `ou=people,${SUFFIX}`;
export const GROUPS = `ou=groups,${SUFFIX}`;
export const READER = { bindDn: `cn=reader,${SUFFIX}`, bindPassword: READER_PASSWORD };
/** Everything that filters and distinguished names have to escape. */
export const ODD_NAME = "smith, j (bob*)\\";
export const ADMINS_DN = `cn=admins,${GROUPS}`;

type Attributes = Readonly<Record<string, string | readonly string[]>>;
type DirectoryEntry = Attributes & { readonly dn: string };

/** Names and values in base64: they may have anything in them. */
function describeEntry({ dn, ...attributes }: DirectoryEntry): string {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}:: ${encode(value)}`),
  );
  return [`dn:: ${encode(dn)}`, ...lines, "", ""].join("\n");
}

export function passwordOf(uid: string): string {
  return `password of ${uid}`;
}

function makePerson(uid: string, more: Attributes = {}, parent = PEOPLE): DirectoryEntry {
  return {
    dn: `uid=${escapeInDn(uid)},${parent}`,
    objectClass: ["inetOrgPerson", "extensibleObject"],
    ...{ uid, cn: uid, sn: uid, mail: `${uid.replace(/[^a-z0-9]/g, "")}@example.org` },
    ...{ userPassword: passwordOf(uid), ...more },
  };
}

function escapeInDn(value: string): string {
  return value.replace(/[\\,=]/g, "\\$&");
}

function makeGroup(cn: string, members: readonly string[]): DirectoryEntry {
  return { dn: `cn=${escapeInDn(cn)},${GROUPS}`, objectClass: "groupOfNames", cn, member: members };
}

/** @param elsewhere the URL that the referrals name */
export function describeDirectory(people: number, elsewhere: string): string {
  const anna = `uid=anna,${PEOPLE}`;
  const odd = `uid=${escapeInDn(ODD_NAME)},${PEOPLE}`;
  const many = Array.from({ length: people }, (_, index) => makePerson(`p${index}`));
  return [
    { dn: SUFFIX, objectClass: ["dcObject", "organization"], dc: "example", o: "Example" },
    {
      ...{ dn: READER.bindDn, objectClass: ["organizationalRole", "simpleSecurityObject"] },
      ...{ cn: "reader", userPassword: READER_PASSWORD },
    },
    { dn: PEOPLE, objectClass: "organizationalUnit", ou: "people" },
    { dn: `ou=evil,${PEOPLE}`, objectClass: "organizationalUnit", ou: "evil" },
    { dn: GROUPS, objectClass: "organizationalUnit", ou: "groups" },
    makePerson("anna", { memberOf: [ADMINS_DN, `cn=staff,${GROUPS}`] }),
    makePerson("carla", { memberOf: ADMINS_DN }),
    makePerson(ODD_NAME),
    makePerson("Jürgen Groß"),
    makePerson("mallory", { nsUniqueId: "forged" }),
    makePerson("disabled", { userAccountControl: "514" }),
    makePerson("zoe", {}, `ou=evil,${PEOPLE}`),
    makePerson("public"),
    makePerson("twin"),
    makePerson("twin", {}, `ou=evil,${PEOPLE}`),
    {
      ...{ dn: `cn=elsewhere,${PEOPLE}`, objectClass: ["referral", "extensibleObject"] },
      ...{ cn: "elsewhere", ref: `${elsewhere}/${PEOPLE}` },
    },
    makeGroup("admins", [anna]),
    makeGroup("staff", [anna, odd]),
    makeGroup(ADMINS_DN, [`uid=mallory,${PEOPLE}`]),
    { dn: `cn=unix,${GROUPS}`, objectClass: "posixGroup", cn: "unix", gidNumber: "100", memberUid: "anna" },
    ...many,
  ]
    .map(describeEntry)
    .join("");
}
