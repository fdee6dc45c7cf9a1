import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createProgram } from "../../../../bin/program.ts";
import { loadSignInOptions } from "../../../../bin/programs/sign-in-file.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { TestCertificate } from "../../../support/certificate-files.ts";
import { DartsInstallation } from "../../../support/darts-installation.ts";
import { describeDirectory, passwordOf } from "../../../support/directory-people.ts";
import { startDovecot, type Dovecot } from "../../../support/dovecot.ts";
import { startMailSink, type MailSink } from "../../../support/mail-sink.ts";
import { startSlapd, type Slapd } from "../../../support/slapd.ts";
import { openWebFixture, PASSWORD, type WebFixture } from "../../../support/web-fixture.ts";

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

let slapd: Slapd;
let dovecot: Dovecot;
let sink: MailSink;
let ca: string;
beforeAll(async () => {
  const certificate = await TestCertificate.make(cleanup);
  ca = (await certificate.read()).cert;
  const account = { user: "desk@example.org", password: "hunter2" };
  [slapd, dovecot, sink] = await Promise.all([
    startSlapd(cleanup, { certificate, open: true, ldif: describeDirectory(10, "ldap://127.0.0.1:1") }),
    startDovecot(cleanup, { "mia@example.org": "post" }),
    startMailSink(cleanup, { certificate, account }),
  ]);
});

interface Converted {
  readonly file: string;
  readonly printed: string;
  /** A server that was started with the file. */
  open(): Promise<WebFixture>;
}

/** Converts as an administrator does. `mend` is what the administrator then changes in the file. */
async function convert(settings: string, mend = (text: string): string => text): Promise<Converted> {
  const root = await cleanup.makeFolder();
  const darts = await DartsInstallation.make(root, settings);
  const file = path.join(root, "sign-in.json");
  const files = ["--machines", darts.machinesConf, "--config", darts.configPl, "--sign-in", file];
  let printed = "";
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation((text) => {
      printed += String(text);
      return true;
    }),
  );
  try {
    await createProgram().parseAsync(["darts", "convert", ...files], { from: "user" });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  await writeFile(file, mend(await readFile(file, "utf8")));
  return {
    ...{ file, printed },
    open: async () => openWebFixture({ signIn: await loadSignInOptions(file) }),
  };
}

const enter = ({ ask }: WebFixture, name: string, password: string) =>
  ask("POST", "/api/v1/login", { body: { name, password } });

const ldap = () => `$config{check_user_with_ldap} = 1;
$config{ldap_server} = '127.0.0.1';
$config{ldap_port} = ${slapd.ldapPort};
$config{ldap_domain} = 'example,dc=org';`;

test("people of DARTS's directory sign in by name or by mail address, into one account", async () => {
  const { printed, file, open } = await convert(ldap());
  expect(printed).toContain(`postern server … --sign-in ${file}\n`);
  expect(printed).toMatch(/converted: .*check_user_with_ldap, ldap_server, ldap_port, ldap_domain/);
  const web = await open();
  for (const name of ["carla", "carla@example.org"])
    expect(await enter(web, name, passwordOf("carla"))).toMatchObject({
      status: 200,
      body: { name: "carla" },
    });
  expect((await enter(web, "carla", "wrong")).status).toBe(401);
  expect((await enter(web, "carla", "")).status).toBe(400);
  expect((await enter(web, "ben", PASSWORD)).status).toBe(200);
});

test("IMAP and SMTP are asked with TLS, and then the directory", async () => {
  const settings = (smtp: number, imap: number) => `$config{check_user_with_imap} = ${imap};
$config{imap_server} = '127.0.0.1';
$config{imap_port} = ${dovecot.implicit.imap};
$config{check_user_with_smtp} = ${smtp};
$config{smtp_server} = '127.0.0.1';
$config{smtp_port} = ${dovecot.starttls.smtp};
$config{smtp_use_ssl} = 'starttls';
${ldap()}`;
  // The test's certificate is from no known authority: docs/darts.md says so.
  const trust = (text: string): string => {
    const providers = JSON.parse(text) as { provider: string }[];
    const known = (name: string): boolean => ["imap", "smtp"].includes(name);
    return JSON.stringify(providers.map((one) => (known(one.provider) ? { ...one, ca: dovecot.ca } : one)));
  };
  for (const [smtp, imap] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const web = await (await convert(settings(smtp, imap), trust)).open();
    expect(await enter(web, "mia@example.org", "post")).toMatchObject({
      status: 200,
      body: { name: "mia@example.org" },
    });
    expect(await enter(web, "carla", passwordOf("carla"))).toMatchObject({ status: 200 });
    expect((await enter(web, "mia@example.org", "wrong")).status).toBe(401);
  }
});

test("e-mail beside the directory is a code after the password, sent with the password of DARTS's sender", async () => {
  const settings = `${ldap()}
$config{check_user_with_email} = 1;
$config{smtp_server} = 'localhost';
$config{smtp_port} = ${sink.port};
$config{smtp_use_ssl} = 'starttls';
$config{email_from} = 'desk@example.org';
$config{email_passwd} = 'hunter2';
$config{email_method} = 'auto';`;
  const { file, printed, open } = await convert(settings, (text) =>
    text.replace('"tls": "starttls"', `"tls": "starttls", "ca": ${JSON.stringify(ca)}`),
  );
  const secret = path.join(path.dirname(file), "darts-mail.secret");
  expect((await stat(secret)).mode & 0o777).toBe(0o600);
  expect(await readFile(secret, "utf8")).toBe("hunter2\n");
  expect(printed + (await readFile(file, "utf8"))).not.toContain("hunter2");
  const web = await open();
  expect((await enter(web, "carla", "wrong")).status).toBe(401);
  const asked = await enter(web, "carla", passwordOf("carla"));
  expect(asked.status).toBe(202);
  expect(await web.proxy.stores.users.findByName("carla")).toBeNull();
  const { id } = (asked.body as { step: { id: string } }).step;
  web.clock.advance(1000);
  const [mail] = await sink.waitForMails(1);
  expect(mail).toMatchObject({ to: ["carla@example.org"], user: "desk@example.org" });
  const [code = ""] = /\b\d{6}\b/.exec(mail?.raw.replace(/[\s\S]*?\r\n\r\n/, "") ?? "") ?? [];
  const reply = (typed: string) =>
    web.ask("POST", "/api/v1/login/step", { body: { id, answers: { code: typed } } });
  expect((await reply(code === "000000" ? "000001" : "000000")).status).toBe(401);
  expect(await reply(code)).toMatchObject({ status: 200, body: { name: "carla" } });
  // This server's own people are asked for no code, and no code alone lets anybody in.
  expect((await enter(web, "ben", PASSWORD)).status).toBe(200);
  expect((await web.ask("POST", "/api/v1/login", { body: { name: "carla@example.org" } })).status).toBe(400);
});

/** As DARTS's manual has it: a further check of people whom others know, and a way in of its own. */
const CUSTOM = String.raw`
sub check_user_func {
  my $user          = shift;
  my $pw            = shift;
  my $authenticated = shift;
  my $session_ref   = shift;
  print "printed by config.pl\n";
  if (index($authenticated, "SUCCESS") >= 0) {
    return "FAILED: $user, your password is not strong." if length($pw) < 17;
    return $authenticated;
  }
  if ($user eq 'guest' and $pw eq "gäste") {
    $session_ref->{user_email} = 'guest@example.org';
    return "SUCCESS: [Custom] $user authenticated.";
  }
  return $authenticated;
}
$config{check_user_custom} = \&check_user_func;`;

test("a function of config.pl lets in, and looks at the others' people", async () => {
  const { file, open, printed } = await convert(`${ldap()}\n${CUSTOM}`);
  expect(printed).toContain("check_user_custom: darts-check-user runs config.pl at each sign-in");
  const web = await open();
  expect(await enter(web, "guest", "gäste")).toMatchObject({ status: 200, body: { name: "guest" } });
  expect(await web.proxy.stores.users.findByName("guest")).toMatchObject({
    ...{ provider: "hook", subject: "guest", email: "guest@example.org" },
  });
  expect((await enter(web, "guest", "gast")).status).toBe(401);
  // "password of carla" has 17 characters, "password of p7" 14.
  expect((await enter(web, "carla", passwordOf("carla"))).status).toBe(200);
  expect((await enter(web, "p7", passwordOf("p7"))).status).toBe(401);
  expect((await enter(web, "ben", PASSWORD)).status).toBe(200);

  const configPl = path.join(path.dirname(file), "etc/config.pl");
  await chmod(configPl, 0o666);
  expect((await enter(web, "guest", "gäste")).status).toBe(503);
});

test("nothing switched on is a demo for this computer, and no server for others starts with it", async () => {
  const { file, open } = await convert("$config{check_user_with_ldap} = 0;");
  await expect(open()).rejects.toMatchObject({ code: "SIGN_IN_OPTIONS" });
  const web = await openWebFixture({
    signIn: await loadSignInOptions(file),
    advertise: { host: "localhost", port: 8443 },
  });
  expect(await web.ask("POST", "/api/v1/login")).toMatchObject({ status: 200, body: { name: "demo" } });
});
