import { readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LdapDirectory } from "../../../../../../../web/server/sign-in/providers/ldap/ldap-directory.ts";
import { ldapOptions } from "../../../../../../../web/server/sign-in/providers/ldap/ldap-options.ts";
import { TestCertificate } from "../../../../../../support/certificate-files.ts";
import { CleanupStack } from "../../../../../../support/cleanup-stack.ts";
import {
  ADMINS_DN,
  describeDirectory,
  GROUPS,
  ODD_NAME,
  passwordOf,
  PEOPLE,
  READER,
} from "../../../../../../support/directory-people.ts";
import { listenOnLoopback } from "../../../../../../support/listen-on-loopback.ts";
import { ManualClock } from "../../../../../../support/manual-clock.ts";
import { type Slapd, startSlapd } from "../../../../../../support/slapd.ts";
import { startTcpRecorder } from "../../../../../../support/tcp-recorder.ts";

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

let slapd: Slapd;
let ca: string;
/** Where referrals lead. */
const led: Socket[] = [];

beforeAll(async () => {
  const elsewhere = createServer((socket) => void led.push(socket));
  const port = await listenOnLoopback(cleanup, elsewhere, new Set());
  const certificate = await TestCertificate.make(cleanup);
  ca = await readFile(certificate.cert, "utf8");
  slapd = await startSlapd(cleanup, {
    certificate,
    ldif: describeDirectory(5000, `ldap://127.0.0.1:${port}`),
  });
});

const TEMPLATE = { bindTemplate: `uid={name},${PEOPLE}` };
const SEARCH = { searchBase: PEOPLE, ...READER };
const GROUP_SEARCH = { groupSearchBase: GROUPS };

function openDirectory(options: Record<string, unknown>, clock = new ManualClock()): LdapDirectory {
  const given = { urls: [`ldaps://127.0.0.1:${slapd.ldapsPort}`], ca, ...options };
  return new LdapDirectory(ldapOptions.parse(given), { id: "ldap", clock, log: pino({ level: "silent" }) });
}

const startTls = () => ({ urls: [`ldap://localhost:${slapd.ldapPort}`] });
const enter = (directory: LdapDirectory, name: string, password = passwordOf(name)) =>
  directory.signIn({ name, password });

test.each<[string, () => Record<string, unknown>]>([
  ["search, ldaps", () => SEARCH],
  ["search, STARTTLS", () => ({ ...SEARCH, ...startTls() })],
  ["template, ldaps", () => TEMPLATE],
  ["template, STARTTLS", () => ({ ...TEMPLATE, ...startTls() })],
  ["template and a search of one's own rights", () => ({ ...TEMPLATE, searchBase: PEOPLE })],
])("%s: the right password is that of one person among 5,000, any other is not", async (_how, options) => {
  const directory = openDirectory(options());
  const right = await enter(directory, "p4321");
  expect(right).toEqual({
    kind: "person",
    person: {
      subject: expect.stringMatching(/^entryuuid:[0-9a-f-]{36}$/),
      name: "p4321",
      email: "p4321@example.org",
      groups: [],
    },
  });
  expect(await enter(directory, "P4321", passwordOf("p4321"))).toEqual(right);
  expect(await enter(directory, "p4321", "wrong")).toEqual({ kind: "refused", user: null });
  expect(await enter(directory, "p4322", passwordOf("p4321"))).toEqual({ kind: "refused", user: null });
  expect(await enter(directory, "p4321", "")).toEqual({ kind: "unknownPerson" });
});

test("a search knows who is unknown, and follows no referral", async () => {
  const directory = openDirectory({ ...SEARCH, ...GROUP_SEARCH });
  expect(await enter(directory, "nobody")).toEqual({ kind: "unknownPerson" });
  expect(await enter(directory, "elsewhere")).toEqual({ kind: "unknownPerson" });
  const below = openDirectory({ ...SEARCH, searchBase: `cn=elsewhere,${PEOPLE}` });
  expect(await enter(below, "anna")).toEqual({ kind: "unknownPerson" });
  const referred = openDirectory({ bindTemplate: `uid={name},cn=elsewhere,${PEOPLE}` });
  expect(await enter(referred, "anna")).not.toMatchObject({ kind: "person" });
  expect(led).toEqual([]);
});

test.each<[string, () => Record<string, unknown>, readonly string[]]>([
  ["memberOf alone", () => SEARCH, [ADMINS_DN, `cn=staff,${GROUPS}`, "admins", "staff"]],
  [
    "a search alone",
    () => ({ ...SEARCH, ...GROUP_SEARCH, groupAttribute: "seeAlso" }),
    [ADMINS_DN, `cn=staff,${GROUPS}`, `cn=unix,${GROUPS}`, "admins", "staff", "unix"],
  ],
  [
    "both",
    () => ({ ...SEARCH, ...GROUP_SEARCH }),
    [ADMINS_DN, `cn=staff,${GROUPS}`, `cn=unix,${GROUPS}`, "admins", "staff", "unix"],
  ],
  [
    "a filter of one's own",
    () => ({
      ...SEARCH,
      ...GROUP_SEARCH,
      groupAttribute: "seeAlso",
      groupSearchFilter: "(&(objectClass=posixGroup)(memberUid={name}))",
    }),
    [`cn=unix,${GROUPS}`, "unix"],
  ],
  ["memberOf by one's own rights", () => TEMPLATE, [ADMINS_DN, `cn=staff,${GROUPS}`, "admins", "staff"]],
])("groups by %s", async (_how, options, groups) => {
  const result = await enter(openDirectory(options()), "anna");
  expect(result).toMatchObject({ kind: "person", person: { groups: expect.anything() } });
  if (result.kind === "person") expect([...result.person.groups].sort()).toEqual([...groups].sort());
});

test("names with everything that has to be escaped are themselves, in filters, groups and names to bind as", async () => {
  for (const options of [{ ...SEARCH, ...GROUP_SEARCH }, { ...TEMPLATE }]) {
    const directory = openDirectory(options);
    const odd = await enter(directory, ODD_NAME);
    expect(odd).toMatchObject({ kind: "person", person: { name: ODD_NAME } });
    if (odd.kind === "person" && "groupSearchBase" in options) expect(odd.person.groups).toContain("staff");
    expect(await enter(directory, "Jürgen Groß")).toMatchObject({ kind: "person" });
  }
});

const INJECTIONS = [
  "*",
  "ann*",
  "*)(uid=*",
  "anna)(|(uid=*",
  "*)(objectClass=*",
  "\\2a",
  "anna\\",
  "p1)(!(uid=p2",
  "{dn}",
  "anna\u00ad",
  " anna",
  "anna\0",
];

test.each(INJECTIONS)("%j finds nobody, whoever's password comes with it", async (name) => {
  const search = openDirectory(SEARCH);
  const template = openDirectory({ ...TEMPLATE, searchBase: PEOPLE });
  for (const password of [passwordOf("anna"), passwordOf("p1")]) {
    expect(await enter(search, name, password)).toEqual({ kind: "unknownPerson" });
    expect(await enter(template, name, password)).not.toMatchObject({ kind: "person" });
  }
});

test.each([
  "zoe,ou=evil",
  "zoe\\,ou\\=evil",
  "zoe+cn=zoe",
  'zoe",ou="evil',
  "zoe,ou=evil,ou=people,dc=example,dc=org\0",
])("%j names no entry elsewhere in the tree", async (name) => {
  expect(await enter(openDirectory({ ...TEMPLATE }), name, passwordOf("zoe"))).not.toMatchObject({
    kind: "person",
  });
  const elsewhere = openDirectory({ bindTemplate: `uid={name},ou=evil,${PEOPLE}` });
  expect(await enter(elsewhere, "zoe")).toMatchObject({ kind: "person" });
});

test("several entries of one name, and one that is disabled, are nobody to sign in", async () => {
  const directory = openDirectory(SEARCH);
  expect(await enter(directory, "twin")).toEqual({ kind: "refused", user: null });
  for (const options of [SEARCH, TEMPLATE]) {
    const result = await enter(openDirectory(options), "disabled");
    expect(result).toEqual({ kind: "refused", user: null });
  }
});

test("the password must be that of the entry that the filter finds", async () => {
  const own = { ...TEMPLATE, searchBase: PEOPLE };
  const several = openDirectory({ ...own, searchFilter: "(|(uid={name})(uid=public))" });
  expect(await enter(several, "anna")).toEqual({ kind: "refused", user: null });
  const other = openDirectory({ ...own, searchFilter: "(&(uid=public)(!(uid={name})))" });
  expect(await enter(other, "anna")).toEqual({ kind: "refused", user: null });
});

test("a group that is called like another one's distinguished name is not that one", async () => {
  const result = await enter(openDirectory({ ...SEARCH, ...GROUP_SEARCH }), "mallory");
  expect(result).toMatchObject({ kind: "person" });
  if (result.kind !== "person") return;
  expect(result.person.groups).toHaveLength(1);
  expect(result.person.groups).not.toContain(ADMINS_DN);
});

test("a key that somebody wrote into their own entry is no key of another person", async () => {
  const result = await enter(openDirectory(SEARCH), "mallory");
  expect(result).toMatchObject({ kind: "person", person: { subject: "nsuniqueid:forged" } });
});

test("without a key that is never given again nobody is signed in", async () => {
  const directory = openDirectory({ ...SEARCH, subjectAttribute: "employeeNumber" });
  expect(await enter(directory, "anna")).toEqual({
    kind: "unavailable",
    reason: expect.stringMatching(/no single value of employeeNumber/),
  });
  expect((await directory.check()).text.fr).toMatch(/pas de valeur unique pour employeeNumber/);
});

test("no password crosses the wire in plain", async () => {
  const recorder = await startTcpRecorder(cleanup, { port: slapd.ldapPort, host: "127.0.0.1" });
  for (const options of [SEARCH, TEMPLATE]) {
    const directory = openDirectory({ ...options, urls: [`ldap://127.0.0.1:${recorder.port}`] });
    expect(await enter(directory, "anna")).toMatchObject({ kind: "person" });
    expect(await enter(directory, "anna", "a wrong password")).toMatchObject({ kind: "refused" });
  }
  const wire = recorder.sent().toString("latin1");
  expect(wire.length).toBeGreaterThan(1000);
  for (const secret of [passwordOf("anna"), "a wrong password", READER.bindPassword, "uid=anna"])
    expect(wire).not.toContain(secret);
});

test("the next address is asked when one does not answer, and is not waited for again at once", async () => {
  const silent: Socket[] = [];
  const port = await listenOnLoopback(
    cleanup,
    createServer((socket) => void silent.push(socket)),
    new Set(),
  );
  onTestFinished(() => {
    for (const socket of silent) socket.destroy();
  });
  const clock = new ManualClock();
  const directory = openDirectory(
    { ...SEARCH, urls: [`ldaps://127.0.0.1:${port}`, `ldaps://127.0.0.1:${slapd.ldapsPort}`] },
    clock,
  );
  const first = enter(directory, "anna");
  await expect.poll(() => silent.length).toBe(1);
  clock.advance(2500);
  expect(await first).toMatchObject({ kind: "person" });
  expect(await enter(directory, "anna")).toMatchObject({ kind: "person" });
  expect(silent).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test.each<[string, () => Record<string, unknown>, RegExp, RegExp]>([
  ["nothing is wrong", () => ({ ...SEARCH, ...GROUP_SEARCH }), /people are found/, /personnes sont trouvées/],
  ["a template", () => ({ ...TEMPLATE }), /needs a person's password/, /demande le mot de passe/],
  [
    "nobody listens",
    () => ({ ...SEARCH, urls: ["ldaps://127.0.0.1:1"] }),
    /:1 cannot be reached \(ECONNREFUSED\)/,
    /injoignable/,
  ],
  [
    "another authority",
    () => ({ ...SEARCH, ca: undefined }),
    /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): it is for DNS:localhost, IP Address:127\.0\.0\.1, issued by localhost\./,
    /n'est pas reconnu/,
  ],
  [
    "another name",
    () => ({ ...SEARCH, serverName: "ldap.example.org" }),
    /is for DNS:localhost, IP Address:127\.0\.0\.1, not for ldap\.example\.org/,
    /non pour ldap\.example\.org/,
  ],
  [
    "a wrong password of bindDn",
    () => ({ ...SEARCH, bindPassword: "x" }),
    /refuses "bindDn".*49 invalidCredentials/,
    /L'annuaire refuse "bindDn"/,
  ],
  [
    "a base that is not there",
    () => ({ ...SEARCH, searchBase: "ou=gone,dc=example,dc=org" }),
    /nothing at "searchBase"/,
    /rien sous "searchBase"/,
  ],
  [
    "nobody below the base",
    () => ({ ...SEARCH, searchBase: GROUPS }),
    /Nobody was found below "searchBase"/,
    /Personne n'a été trouvé/,
  ],
  [
    "groups that are not there",
    () => ({ ...SEARCH, groupSearchBase: "ou=x,dc=example,dc=org" }),
    /nothing at "groupSearchBase"/,
    /rien sous "groupSearchBase"/,
  ],
  [
    "nobody's rights",
    () => ({ searchBase: PEOPLE }),
    /nothing at "searchBase".*or it may not be read/,
    /pas lisible/,
  ],
])("the test of an administrator says: %s", async (_what, options, english, french) => {
  const { works, text } = await openDirectory(options()).check();
  expect(text.en).toMatch(english);
  expect(text.fr).toMatch(french);
  expect(works).toBe(/people are found|needs a person/.test(text.en));
});
