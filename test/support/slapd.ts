import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { TestCertificate } from "./certificate-files.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { findFreePort } from "./free-port.ts";
import { isPortOpen } from "./is-port-open.ts";
import { runProcess, startProcess } from "./test-process.ts";
import { waitFor } from "./wait-for.ts";

const PROGRAM = "/usr/sbin/slapd";
const SCHEMAS = ["core", "cosine", "inetorgperson", "nis"];
export const SUFFIX = "dc=example,dc=org";

export interface Slapd {
  readonly ldapPort: number;
  readonly ldapsPort: number;
}

/**
 * OpenLDAP's server of Debian's package in a folder of its own, on loopback, with the entries of `ldif`. It takes no password
 * without TLS, and nobody reads anything but the account `cn=reader` all, everybody `uid=public`, and each person their own entry.
 * @param options `open`: passwords are taken without TLS, and everybody reads all but them
 */
export async function startSlapd(
  cleanup: CleanupStack,
  {
    ldif,
    certificate,
    open = false,
  }: { readonly ldif: string; readonly certificate: TestCertificate; readonly open?: boolean },
): Promise<Slapd> {
  const folder = await cleanup.makeFolder();
  // A copy: AppArmor's profile, where there is one, lets the program in its usual place read no other folders.
  const program = path.join(folder, "slapd");
  await copyFile(PROGRAM, program).catch((cause: unknown) => {
    throw new Error("slapd is not installed. Install Debian's package: apt-get install slapd", { cause });
  });
  const database = path.join(folder, "db");
  const config = path.join(folder, "slapd.conf");
  const entries = path.join(folder, "entries.ldif");
  await mkdir(database);
  await writeFile(config, describeServer(database, certificate, open));
  await writeFile(entries, ldif);
  const added = await runProcess(program, ["-T", "add", "-q", "-f", config, "-l", entries]);
  if (added.code !== 0) throw new Error(`slapadd failed: ${added.stderr}`);

  const [ldapPort, ldapsPort] = [await findFreePort(), await findFreePort()];
  const places = `ldap://127.0.0.1:${ldapPort} ldaps://127.0.0.1:${ldapsPort}`;
  const server = startProcess(cleanup, program, ["-h", places, "-f", config, "-d", "stats"]);
  await server.waitForOutput(/slapd starting/);
  // It says so before it listens.
  for (const port of [ldapPort, ldapsPort])
    await waitFor("slapd's port", () => isPortOpen("127.0.0.1", port));
  return { ldapPort, ldapsPort };
}

function describeServer(database: string, { cert, key }: TestCertificate, open: boolean): string {
  return [
    ...SCHEMAS.map((name) => `include /etc/ldap/schema/${name}.schema`),
    // Of Active Directory and 389.
    "attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )",
    "attributetype ( 2.16.840.1.113730.3.1.542 NAME 'nsUniqueId' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    "moduleload memberof",
    `TLSCertificateFile ${cert}`,
    `TLSCertificateKeyFile ${key}`,
    open ? "" : "security simple_bind=112",
    "database mdb",
    "maxsize 268435456",
    `suffix ${SUFFIX}`,
    `directory ${database}`,
    "dbnosync",
    "index objectClass,uid,member,memberUid eq",
    "access to attrs=userPassword by anonymous auth by * none",
    ...(open
      ? ["access to * by * read"]
      : [
          `access to dn.base="ou=people,${SUFFIX}" by users read`,
          `access to dn.base="uid=public,ou=people,${SUFFIX}" by users read by anonymous auth`,
          `access to * by dn.exact="cn=reader,${SUFFIX}" read by self read by anonymous auth by * none`,
        ]),
    "overlay memberof",
    "",
  ].join("\n");
}
