import { expect, test } from "vitest";
import { readConfigPl } from "../../../../bin/darts/config-pl.ts";
import { convertSignIn } from "../../../../bin/darts/convert-sign-in.ts";

const PLACES = { folder: "/etc/postern", configFile: "/etc/qemu-web-desktop/it's.pl" };

function convert(config: string) {
  const warnings: string[] = [];
  const found = convertSignIn(readConfigPl(config), PLACES, (text) => void warnings.push(text));
  return { ...found, warnings };
}

const set = (settings: Readonly<Record<string, string | number>>) =>
  Object.entries(settings)
    .map(([name, value]) => `$config{${name}} = ${typeof value === "number" ? value : `'${value}'`};`)
    .join("\n");

test("a config.pl that says nothing of people becomes no file", () => {
  expect(convert("$config{service} = 'x';")).toEqual({ warnings: [] });
});

test("nothing switched on lets everybody in, of this computer alone", () => {
  const found = convert(set({ check_user_with_ldap: 0, ldap_server: "192.0.2.1", check_user_custom: "" }));
  expect(found.providers).toEqual([{ provider: "local" }, { provider: "none" }]);
  expect(found.warnings).toEqual([expect.stringMatching(/^check_user_with_email: DARTS lets everybody in/)]);
  expect(found.used?.size).toBe(0);
});

test("checks come in the order in which DARTS asks, behind this server's own accounts", () => {
  const found = convert(
    set({
      ...{ check_user_with_ldap: 1, ldap_server: "ldap.example.org", ldap_port: 389, ldap_domain: "EXP" },
      ...{ check_user_with_imap: 1, imap_server: "mail.example.org", imap_port: 993 },
      ...{
        check_user_with_smtp: 1,
        smtp_server: "smtp.example.org",
        smtp_port: 587,
        smtp_use_ssl: "starttls",
      },
    }),
  );
  expect(found.providers).toEqual([
    { provider: "local" },
    { provider: "imap", host: "mail.example.org", port: 993 },
    { provider: "smtp", host: "smtp.example.org", port: 587, tls: "starttls" },
    {
      provider: "ldap",
      urls: ["ldap://ldap.example.org:389"],
      searchBase: "dc=EXP",
      searchFilter: "(|(cn={name})(mail={name}))",
      nameAttribute: "cn",
    },
  ]);
  expect(found.warnings).toEqual([expect.stringMatching(/^ldap_server: .*STARTTLS is required/)]);
  expect([...(found.used ?? [])].sort()).toEqual([
    ...["check_user_with_imap", "check_user_with_ldap", "check_user_with_smtp", "imap_port", "imap_server"],
    ...["ldap_domain", "ldap_port", "ldap_server", "smtp_port", "smtp_server", "smtp_use_ssl"],
  ]);
});

test.each([
  ["ldaps.example.org", 636, "ldaps://ldaps.example.org:636", false],
  ["ldaps://a.example.org/", 389, "ldaps://a.example.org:389", false],
  ["127.0.0.1", 389, "ldap://127.0.0.1:389", true],
  ["2001:db8::1", 636, "ldaps://[2001:db8::1]:636", false],
])("the directory %s, port %d, is %s", (server, port, url, insecure) => {
  const found = convert(
    set({ check_user_with_ldap: 1, ldap_server: server, ldap_port: port, ldap_domain: "example,dc=org" }),
  );
  expect(found.providers?.[1]).toMatchObject({ urls: [url], searchBase: "dc=example,dc=org" });
  expect(found.providers?.[1]?.["insecure"] ?? false).toBe(insecure);
  expect(found.warnings).toEqual([]);
});

const MAIL = {
  ...{ check_user_with_email: 1, smtp_server: "smtp.example.org", smtp_port: 465, smtp_use_ssl: "ssl" },
  ...{ email_from: "desk@example.org", email_passwd: "hunter2", email_method: "auto" },
};

test("e-mail alone is a code, for the sender's domain, with the password in a file for its owner alone", () => {
  const found = convert(set(MAIL));
  expect(found.providers?.[1]).toEqual({
    provider: "email-code",
    mail: {
      ...{ host: "smtp.example.org", port: 465, tls: "implicit", from: "desk@example.org" },
      ...{ user: "desk@example.org", password: { file: "darts-mail.secret" } },
    },
    domains: ["example.org"],
  });
  expect([...(found.files ?? [])]).toEqual([["darts-mail.secret", { content: "hunter2\n", mode: 0o600 }]]);
  expect(JSON.stringify(found)).not.toContain("hunter2");
  expect(found.warnings).toEqual([expect.stringMatching(/writes to every address/)]);
});

test("e-mail beside another check is a second factor for its people, not for this server's own accounts", () => {
  const found = convert(
    set({
      ...MAIL,
      check_user_with_imap: 1,
      imap_server: "mail.example.org",
      email_passwd: "",
      smtp_use_ssl: "",
    }),
  );
  expect(found.providers?.slice(1)).toEqual([
    { provider: "imap", host: "mail.example.org" },
    {
      provider: "email-code",
      mail: { host: "smtp.example.org", port: 465, tls: "implicit", from: "desk@example.org" },
      secondFor: ["imap"],
    },
  ]);
  expect(found.files?.size).toBe(0);
  expect(found.warnings).toEqual([
    expect.stringMatching(/^email_method: .*TLS is required/),
    expect.stringMatching(/^check_user_with_email: .*second factor/),
  ]);
});

test.each([
  ["simple", 587, { port: 25, insecure: true }],
  ["port", 587, { port: 587, insecure: true }],
  ["auto", 587, { port: 587, tls: "starttls" }],
])("mail by the method %s on this computer", (method, port, how) => {
  const found = convert(
    set({
      ...MAIL,
      smtp_server: "localhost",
      email_method: method,
      smtp_port: port,
      smtp_use_ssl: "starttls",
    }),
  );
  expect(found.providers?.[1]).toMatchObject({ mail: { host: "localhost", ...how } });
});

test("a function of config.pl is asked by a program of its own, also about people whom others know", () => {
  const config = `${set({ check_user_custom: "" })}
sub check { return "SUCCESS"; }
$config{check_user_custom} = \\&check;
${set({ check_user_with_imap: 1, imap_server: "mail.example.org" })}`;
  const found = convert(config);
  expect(found.providers?.slice(1)).toEqual([
    { provider: "imap", host: "mail.example.org" },
    { provider: "hook", run: "/etc/postern/darts-check-user", also: ["imap"] },
  ]);
  const hook = found.files?.get("darts-check-user");
  expect(hook?.mode).toBe(0o755);
  expect(hook?.content).toContain(String.raw`my $file = '/etc/qemu-web-desktop/it\'s.pl';`);
  const alone = convert("$config{check_user_custom} = sub { };");
  expect(alone.providers?.[1]).toEqual({ provider: "hook", run: "/etc/postern/darts-check-user" });
});

test.each([
  [{ check_user_with_imap: 1 }, "check_user_with_imap: there is no imap_server; it was left out."],
  [
    { check_user_with_smtp: 1, smtp_server: "a b" },
    "check_user_with_smtp: there is no smtp_server; it was left out.",
  ],
  [
    { check_user_with_ldap: 1, ldap_server: "x" },
    "check_user_with_ldap: there is no ldap_domain to search in; it was left out.",
  ],
  [{ ...MAIL, email_from: "me" }, "check_user_with_email: email_from is no address; it was left out."],
])("what cannot be taken along is named, and nobody gets in for it: %j", (settings, warning) => {
  const found = convert(set(settings));
  expect(found.providers).toEqual([{ provider: "local" }]);
  expect(found.warnings).toEqual([warning]);
});
