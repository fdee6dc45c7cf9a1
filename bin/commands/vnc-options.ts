import { SHA256_HEX, ConfigError } from "../../protocol/index.ts";
import { X509Certificate } from "node:crypto";
import type { Command } from "commander";
import type { OldTlsVersion, PublishedDesktop, VncServerTls } from "../../agent/index.ts";
import { readSecretBytes, readText } from "../programs/option-files.ts";
import { collectValues, parseNameValue } from "../terminal/option-parsers.ts";

/** The flags for the login to a desktop's VNC server. Each value starts with the desktop's name. */
export interface VncFlags {
  readonly vncPasswordFile?: string[];
  readonly vncUser?: string[];
  readonly vncCaFile?: string[];
  readonly vncTlsFingerprint?: string[];
  readonly vncClientCertFile?: string[];
  readonly vncTlsMin?: string[];
  readonly vncMslogon?: string[];
}

/** The values of these flags for one desktop. */
export type VncLogin = Pick<
  PublishedDesktop,
  "vncPassword" | "vncUser" | "tls" | "tlsMinVersion" | "msLogon"
>;

export function addVncFlags(command: Command): Command {
  return command
    .option(
      "--vnc-password-file <name=file>",
      "the VNC server's own password; never leaves this host",
      collectValues,
    )
    .option("--vnc-user <name=user>", "the VNC server's user, where it asks for one", collectValues)
    .option(
      "--vnc-ca-file <name=file>",
      "CA certificate (PEM) that the VNC server's certificate has to come from",
      collectValues,
    )
    .option(
      "--vnc-tls-fingerprint <name=hex>",
      "SHA-256 fingerprint that the VNC server's certificate has to have",
      collectValues,
    )
    .option(
      "--vnc-client-cert-file <name=file>",
      "certificate and key (PEM) for a VNC server that asks for one",
      collectValues,
    )
    .option(
      "--vnc-tls-min <name=version>",
      "allow an old VNC server TLS 1.1 or 1.0; 1.2 is the lowest otherwise",
      collectValues,
    )
    .option(
      "--vnc-mslogon <name>",
      "allow MSLogonII for this desktop: it does not protect the password",
      collectValues,
    );
}

/**
 * The values of the flags, by the desktop's name.
 * @throws ConfigError `DESKTOP_UNUSED`, `VNC_TLS`, `FILE_UNREADABLE`, `FILE_EMPTY`
 */
export async function readVncFlags(
  flags: VncFlags,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, VncLogin>> {
  const passwords = await readEach(flags.vncPasswordFile, "--vnc-password-file", names, readSecretBytes);
  const users = await readEach(flags.vncUser, "--vnc-user", names, (user) => user);
  const cas = await readEach(flags.vncCaFile, "--vnc-ca-file", names, readCa);
  const pins = await readEach(flags.vncTlsFingerprint, "--vnc-tls-fingerprint", names, readPin);
  const clients = await readEach(flags.vncClientCertFile, "--vnc-client-cert-file", names, readText);
  const tlsVersions = await readEach(flags.vncTlsMin, "--vnc-tls-min", names, readTlsVersion);
  const msLogons = (flags.vncMslogon ?? []).map((name) => checkName(name, "--vnc-mslogon", names));
  const logins = new Map<string, VncLogin>();
  for (const name of names) {
    const [vncPassword, vncUser] = [passwords.get(name), users.get(name)];
    const tlsMinVersion = tlsVersions.get(name);
    const tls = chooseTls(name, cas.get(name), pins.get(name), clients.get(name));
    logins.set(name, {
      ...(vncPassword === undefined ? {} : { vncPassword }),
      ...(vncUser === undefined ? {} : { vncUser }),
      ...(tls === undefined ? {} : { tls }),
      ...(tlsMinVersion === undefined ? {} : { tlsMinVersion }),
      ...(msLogons.includes(name) ? { msLogon: true } : {}),
    });
  }
  return logins;
}

async function readEach<T>(
  given: readonly string[] | undefined,
  flag: string,
  names: ReadonlySet<string>,
  read: (value: string) => T | Promise<T>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for (const text of given ?? []) {
    const { name, value } = parseNameValue(text, flag);
    found.set(checkName(name, flag, names), await read(value));
  }
  return found;
}

function checkName(name: string, flag: string, names: ReadonlySet<string>): string {
  if (!names.has(name)) throw new ConfigError("DESKTOP_UNUSED", `${flag} ${name}: no such --desktop.`);
  return name;
}

function chooseTls(
  name: string,
  pem: string | undefined,
  sha256: string | undefined,
  client: string | undefined,
): VncServerTls | undefined {
  const more = client === undefined ? {} : { client };
  if (pem !== undefined && sha256 !== undefined)
    throw new ConfigError(
      "VNC_TLS",
      `${name} has both --vnc-ca-file and --vnc-tls-fingerprint. Give one of the two.`,
    );
  if (pem !== undefined) return { kind: "ca", pem, ...more };
  if (sha256 !== undefined) return { kind: "fingerprint", sha256, ...more };
  if (client === undefined) return undefined;
  throw new ConfigError(
    "VNC_TLS",
    `${name} has --vnc-client-cert-file alone. Say also which server to trust: --vnc-ca-file or --vnc-tls-fingerprint.`,
  );
}

async function readCa(path: string): Promise<string> {
  const pem = await readText(path);
  try {
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new ConfigError("VNC_TLS", `${path} holds no certificate in PEM form.`, { cause });
  }
}

function readTlsVersion(text: string): OldTlsVersion {
  if (text === "1.0") return "TLSv1";
  if (text === "1.1") return "TLSv1.1";
  throw new ConfigError("VNC_TLS", `--vnc-tls-min ${text}: write NAME=1.0 or NAME=1.1.`);
}

function readPin(text: string): string {
  const sha256 = text.replaceAll(":", "").toLowerCase();
  if (!SHA256_HEX.test(sha256))
    throw new ConfigError(
      "VNC_TLS",
      "--vnc-tls-fingerprint wants 64 hex digits: openssl x509 -in CERT -noout -fingerprint -sha256 prints them.",
    );
  return sha256;
}
