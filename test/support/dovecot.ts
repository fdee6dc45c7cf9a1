import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { TestCertificate } from "./certificate-files.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { findFreePort } from "./free-port.ts";
import { isPortOpen } from "./is-port-open.ts";
import { startProcess } from "./test-process.ts";

const PROGRAM = "/usr/sbin/dovecot";

/** A mail server of Debian's packages that takes passwords by IMAP and by SMTP. */
export interface Dovecot {
  /** TLS from the first byte. */
  readonly implicit: { readonly imap: number; readonly smtp: number };
  readonly starttls: { readonly imap: number; readonly smtp: number };
  /** The certificate, in PEM, which vouches for itself; it is for `mail.test` and 127.0.0.1. */
  readonly ca: string;
  /** What it has logged so far. */
  readLog(): Promise<string>;
}

/** @param people passwords by name, as the server is told them */
export async function startDovecot(
  cleanup: CleanupStack,
  people: Readonly<Record<string, string>>,
): Promise<Dovecot> {
  const folder = await cleanup.makeFolder();
  const certificate = await TestCertificate.make(cleanup, "mail.test");
  const [imaps, imap, submissions, submission] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ];
  const log = path.join(folder, "log");
  // What its processes read runs as other accounts.
  await chmod(folder, 0o755);
  await mkdir(path.join(folder, "mail"));
  await chmod(path.join(folder, "mail"), 0o777);
  const users = Object.entries(people).map(
    ([name, password]) => `${name}:{PLAIN.b64}${encode(password)}::::::`,
  );
  await writeFile(path.join(folder, "users"), `${users.join("\n")}\n`, { mode: 0o644 });
  const listener = (name: string, port: number, ssl = false) =>
    `inet_listener ${name} {\naddress = 127.0.0.1\nport = ${port}\nssl = ${ssl ? "yes" : "no"}\n}`;
  await writeFile(
    path.join(folder, "dovecot.conf"),
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${log}
protocols = imap submission
listen = 127.0.0.1
ssl = required
ssl_cert = <${certificate.cert}
ssl_key = <${certificate.key}
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_username_chars =
auth_failure_delay = 0
# Else an address from which wrong passwords came waits up to 15 s.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = username_format=%u ${folder}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/mail/home
}
first_valid_uid = 1
mail_location = maildir:${folder}/mail/box
submission_relay_host = 127.0.0.1
submission_relay_port = 1
submission_backend_capabilities = 8BITMIME
service imap-login {
${listener("imap", imap)}
${listener("imaps", imaps, true)}
}
service submission-login {
${listener("submission", submission)}
${listener("submissions", submissions, true)}
}
`,
  );
  const server = startProcess(cleanup, PROGRAM, ["-F", "-c", path.join(folder, "dovecot.conf")]);
  const readLog = () => readFile(log, "utf8").catch(() => "");
  for (const port of [imaps, imap, submissions, submission])
    await server.waitUntil(`port ${port}`, () => isPortOpen("127.0.0.1", port));
  return {
    implicit: { imap: imaps, smtp: submissions },
    starttls: { imap, smtp: submission },
    ca: (await certificate.read()).cert,
    readLog,
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
