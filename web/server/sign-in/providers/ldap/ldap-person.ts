import type { ExternalPerson } from "../sign-in-provider.ts";
import { LDAP_FAULTS, LdapFault } from "./ldap-faults.ts";
import { readUtf8, type LdapEntry } from "./ldap-messages.ts";
import { readCommonName } from "./ldap-names.ts";
import type { LdapOptions } from "./ldap-options.ts";

/** Groups of one person. A list that is cut would let in who is shut out by a group: nobody is signed in with more. */
export const MAX_LDAP_GROUPS = 2000;
const MAX_LDAP_SUBJECT = 200;
const MAX_MAIL = 254;

/** Keys that the directories themselves give, and that nobody can set: Active Directory, 389 and FreeIPA, OpenLDAP and others. */
const SUBJECTS = ["objectGUID", "nsUniqueId", "entryUUID"] as const;
const NAMES = ["uid", "sAMAccountName"] as const;
const CONTROL = "userAccountControl";
const COMPUTED_CONTROL = "msDS-User-Account-Control-Computed";
const LOCKS = ["nsAccountLock", "loginDisabled"] as const;

/** @see MS-ADTS, userAccountControl */
const ACCOUNT_DISABLED = 0x2;
const LOCKED_OUT = 0x10;
const PASSWORD_EXPIRED = 0x80_0000;

/** What is asked of a person's entry. */
export function listPersonAttributes(options: LdapOptions): string[] {
  const { subjectAttribute, nameAttribute, mailAttribute, groupAttribute } = options;
  return [
    ...(subjectAttribute === undefined ? SUBJECTS : [subjectAttribute]),
    ...(nameAttribute === undefined ? NAMES : [nameAttribute]),
    ...[mailAttribute, groupAttribute, CONTROL, COMPUTED_CONTROL, ...LOCKS],
  ];
}

/**
 * The attribute is part of the key: where people may write into their own entry, one of them could else put another's key into an
 * attribute that this directory does not use.
 * @throws LdapFault
 */
export function readSubject(entry: LdapEntry, { subjectAttribute }: LdapOptions): string {
  const candidates = subjectAttribute === undefined ? SUBJECTS : [subjectAttribute];
  const attribute = candidates.find((one) => valuesOf(entry, one).length > 0);
  const [value, ...others] = attribute === undefined ? [] : valuesOf(entry, attribute);
  const key = value === undefined || attribute === undefined ? "" : describeKey(attribute, value);
  if (attribute === undefined || others.length > 0 || key === "" || key.length > MAX_LDAP_SUBJECT)
    throw new LdapFault(LDAP_FAULTS.subjectMissing(attribute ?? candidates.join(", ")));
  return `${attribute.toLowerCase()}:${key}`;
}

/** The name of the account that is made. */
export function readName(entry: LdapEntry, { nameAttribute }: LdapOptions, typed: string): string {
  const candidates = nameAttribute === undefined ? NAMES : [nameAttribute];
  return candidates.map((one) => textOf(entry, one)).find((name) => name !== null) ?? typed;
}

export function readMail(entry: LdapEntry, { mailAttribute }: LdapOptions): string | null {
  const mail = textOf(entry, mailAttribute);
  return mail !== null && mail.length <= MAX_MAIL && /^[^\s\p{C}@]+@[^\s\p{C}@]+$/u.test(mail) ? mail : null;
}

/** Disabled, locked or with a password of yesterday: by the marks of Active Directory, 389, FreeIPA and eDirectory. */
export function isShutOut(entry: LdapEntry): boolean {
  const control = Number(textOf(entry, CONTROL) ?? 0);
  const computed = Number(textOf(entry, COMPUTED_CONTROL) ?? 0);
  return (
    (control & ACCOUNT_DISABLED) !== 0 ||
    (computed & (LOCKED_OUT | PASSWORD_EXPIRED)) !== 0 ||
    LOCKS.some((lock) => textOf(entry, lock)?.toLowerCase() === "true")
  );
}

/** Distinguished names in the person's own entry. @throws LdapFault */
export function readMemberOf(entry: LdapEntry, { groupAttribute }: LdapOptions): string[] {
  // Active Directory gives 1,500 values, and the name of the attribute says so.
  const part = `${groupAttribute.toLowerCase()};range=`;
  if ([...entry.attributes.keys()].some((name) => name.startsWith(part)))
    throw new LdapFault(LDAP_FAULTS.groupsIncomplete());
  return valuesOf(entry, groupAttribute).flatMap((value) => readUtf8(value) ?? []);
}

/** Each by its distinguished name and by its `cn`. @throws LdapFault */
export function nameGroups(memberOf: readonly string[], found: readonly LdapEntry[]): string[] {
  const dns = new Set([...memberOf, ...found.map(({ dn }) => dn)]);
  if (dns.size > MAX_LDAP_GROUPS) throw new LdapFault(LDAP_FAULTS.groupsIncomplete());
  const further = found.filter(({ dn }) => readCommonName(dn) === null).map((entry) => textOf(entry, "cn"));
  const names = [...[...dns].map(readCommonName), ...further];
  // Who may make a group could else call it like another group's distinguished name.
  return [
    ...dns,
    ...new Set(names.filter((name) => name !== null && name !== "" && !name.includes("="))),
  ].filter((name) => name !== null);
}

export function describePerson(
  entry: LdapEntry,
  options: LdapOptions,
  typed: string,
): Omit<ExternalPerson, "groups"> {
  return {
    subject: readSubject(entry, options),
    name: readName(entry, options, typed),
    email: readMail(entry, options),
  };
}

function valuesOf(entry: LdapEntry, attribute: string): readonly Buffer[] {
  return entry.attributes.get(attribute.toLowerCase()) ?? [];
}

/** The first value. */
function textOf(entry: LdapEntry, attribute: string): string | null {
  const [value] = valuesOf(entry, attribute);
  return value === undefined ? null : readUtf8(value);
}

function describeKey(attribute: string, value: Buffer): string {
  if (attribute.toLowerCase() === "objectguid") return value.length === 16 ? formatGuid(value) : "";
  const text = readUtf8(value);
  return text !== null && /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(text) ? text : value.toString("hex");
}

/** As Active Directory's own tools write it: the first three numbers begin with their lowest byte. */
function formatGuid(value: Buffer): string {
  const swapped = Buffer.from(value);
  swapped.subarray(0, 4).reverse();
  swapped.subarray(4, 6).reverse();
  swapped.subarray(6, 8).reverse();
  return swapped.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
