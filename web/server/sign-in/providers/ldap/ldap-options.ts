import { X509Certificate } from "node:crypto";
import { FilterParser } from "ldapts";
import { z } from "zod";
import { unbracketHost } from "../../../../../protocol/index.ts";
import { isLoopbackHost } from "../../loopback.ts";
import type { LdapTarget } from "./ldap-connection.ts";
import { fillFilter, isDnTemplate } from "./ldap-names.ts";

const MAX_LDAP_URLS = 5;
/** Active Directory's rule: the groups of the groups, too. */
const NESTED_FILTER = "(member:1.2.840.113556.1.4.1941:={dn})";
const MEMBER_FILTER = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))";
/** They are given again, changed, or shared: nobody is known by them. */
const NO_SUBJECTS = new Set(
  "dn distinguishedname entrydn name displayname cn commonname uid userid mail userprincipalname samaccountname".split(
    " ",
  ),
);

const distinguishedName = z.string().min(1).max(1024);
const attribute = z.string().regex(/^[a-zA-Z][a-zA-Z0-9-]{0,63}$/, "is the name of an attribute");

const ldapUrl = z
  .string()
  .max(256)
  .refine(isLdapUrl, "is ldaps://HOST or ldap://HOST, with :PORT where it is another");

const filter = (place: RegExp, words: string) =>
  z
    .string()
    .max(1024)
    .refine(parsesAsFilter, "is no filter of LDAP: check its brackets")
    .refine((text) => !/\([^()=]*\{/.test(text), "has {name} or {dn} where an attribute belongs")
    .refine((text) => place.test(text), words);

export const ldapOptions = z
  .strictObject({
    /** Tried in this order; all are one directory. ldap:// is encrypted by STARTTLS before anything is said. */
    urls: z.array(ldapUrl).min(1).max(MAX_LDAP_URLS),
    /** Certificates of the authorities that are trusted, PEM. */
    ca: z.string().refine(isPem, "is no certificate in PEM").optional(),
    /** The name in the servers' certificate, where it is not that of the URL. */
    serverName: z.string().min(1).max(253).optional(),
    /** ldap:// without STARTTLS, on this machine alone. */
    insecure: z.boolean().default(false),
    /** Who is bound: a distinguished name with {name}, or Active Directory's {name}@DOMAIN. Absent: the person is searched first. */
    bindTemplate: distinguishedName
      .refine((text) => text.includes("{name}"), "needs {name} in it")
      .refine((text) => /[=@\\]/.test(text), 'is a distinguished name, "{name}@DOMAIN" or "DOMAIN\\{name}"')
      .optional(),
    /** The account that searches; absent: nobody's rights. */
    bindDn: distinguishedName.optional(),
    bindPassword: z.string().min(1).max(1024).optional(),
    searchBase: distinguishedName.optional(),
    searchFilter: filter(/\{name\}/, "needs {name} in it").default("(uid={name})"),
    /** What a person is known by; absent: objectGUID, nsUniqueId or entryUUID. */
    subjectAttribute: attribute
      .refine((name) => !NO_SUBJECTS.has(name.toLowerCase()), "may be given again to another person")
      .optional(),
    /** The name of the account; absent: uid, else sAMAccountName. */
    nameAttribute: attribute.optional(),
    mailAttribute: attribute.default("mail"),
    /** Names the person's groups in the person's own entry. */
    groupAttribute: attribute.default("memberOf"),
    groupSearchBase: distinguishedName.optional(),
    groupSearchFilter: filter(/\{(?:dn|name)\}/, "needs {dn} or {name} in it").optional(),
    nestedGroups: z.boolean().default(false),
  })
  .check(({ value, issues }) => {
    for (const [path, message] of listContradictions(value))
      issues.push({ code: "custom", message, path: [path], input: value });
  });
export type LdapOptions = z.output<typeof ldapOptions>;

/** What administrators may read of them. */
export const LDAP_SHOWN = [
  ...["urls", "serverName", "insecure", "bindTemplate", "bindDn", "searchBase", "searchFilter"],
  ...["subjectAttribute", "nameAttribute", "mailAttribute"],
  ...["groupAttribute", "groupSearchBase", "groupSearchFilter", "nestedGroups"],
];

function listContradictions(value: {
  readonly urls: readonly string[];
  readonly insecure: boolean;
  readonly bindTemplate?: string | undefined;
  readonly bindDn?: string | undefined;
  readonly bindPassword?: string | undefined;
  readonly searchBase?: string | undefined;
  readonly groupSearchBase?: string | undefined;
  readonly groupSearchFilter?: string | undefined;
  readonly nestedGroups: boolean;
}): [string, string][] {
  const { urls, bindTemplate, searchBase } = value;
  const found: [string, string][] = [];
  const remote = urls.find((url) => splitUrl(url).scheme === "ldap:" && !isLoopbackHost(splitUrl(url).host));
  if (value.insecure && remote !== undefined)
    found.push(["insecure", `is for this machine's own addresses alone, not for ${remote}`]);
  if ((value.bindDn === undefined) !== (value.bindPassword === undefined))
    found.push(["bindPassword", '"bindDn" and "bindPassword" come together']);
  if (bindTemplate === undefined && searchBase === undefined)
    found.push(["searchBase", 'give it, or "bindTemplate"']);
  if (bindTemplate !== undefined && value.bindDn !== undefined)
    found.push(["bindDn", 'people bind themselves with "bindTemplate": give one of the two']);
  if (bindTemplate !== undefined && !isDnTemplate(bindTemplate) && searchBase === undefined)
    found.push(["searchBase", "is needed with this bindTemplate, to find the person's entry"]);
  if (value.groupSearchBase === undefined && (value.nestedGroups || value.groupSearchFilter !== undefined))
    found.push(["groupSearchBase", "is needed to search groups"]);
  if (value.nestedGroups && value.groupSearchFilter !== undefined)
    found.push(["groupSearchFilter", 'has no place beside "nestedGroups"']);
  return found;
}

export function listTargets({ urls, ca, serverName, insecure }: LdapOptions): LdapTarget[] {
  return urls.map((url) => {
    const { scheme, host, port } = splitUrl(url);
    const security = scheme === "ldaps:" ? "tls" : insecure ? "none" : "startTls";
    return { url, host, port, security, identity: serverName ?? host, ca };
  });
}

export function chooseGroupFilter({ groupSearchFilter, nestedGroups }: LdapOptions): string {
  return groupSearchFilter ?? (nestedGroups ? NESTED_FILTER : MEMBER_FILTER);
}

function splitUrl(text: string): { scheme: string; host: string; port: number } {
  // One that does not parse has been complained about already.
  const { protocol: scheme, hostname, port } = URL.parse(text) ?? { protocol: "", hostname: "", port: "" };
  const usual = scheme === "ldaps:" ? 636 : 389;
  return { scheme, host: unbracketHost(hostname), port: port === "" ? usual : Number(port) };
}

function isLdapUrl(text: string): boolean {
  return /^ldaps?:\/\/(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?\/?$/i.test(text) && URL.canParse(text);
}

function isPem(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).subject !== "");
  } catch {
    return false;
  }
}

function parsesAsFilter(text: string): boolean {
  try {
    FilterParser.parseString(fillFilter(text, { name: "a", dn: "cn=a" }));
    return true;
  } catch {
    return false;
  }
}
