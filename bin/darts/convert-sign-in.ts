import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { SignInOptions } from "../../web/index.ts";
import type { ConfigPl } from "./config-pl.ts";
import { makeCheckUserHook } from "./check-user-hook.ts";

/** DARTS's kinds of sign-in, as providers of `postern server --sign-in`. */
export interface DartsSignIn {
  readonly providers: SignInOptions;
  /** What the providers name beside their own file; secrets among it. */
  readonly files: ReadonlyMap<string, { readonly content: string; readonly mode: number }>;
  /** The names of the settings that the above was made of. */
  readonly used: ReadonlySet<string>;
}

/** Where the files will be, and where config.pl is; absolute. */
export interface SignInPlaces {
  readonly folder: string;
  readonly configFile: string;
}

type Provider = SignInOptions[number];

const CHECKS = [
  "check_user_with_email",
  "check_user_with_imap",
  "check_user_with_smtp",
  "check_user_with_ldap",
  "check_user_custom",
] as const;
const SECRET_FILE = "darts-mail.secret";
const HOOK_FILE = "darts-check-user";
const LDAPS_PORT = 636;
const SMTPS_PORT = 465;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/**
 * Null: config.pl says nothing of people. What is encrypted nowhere in DARTS has to be here, but for services on this computer.
 * @param warn is told what cannot be taken along, each with the setting's name in front
 */
export function convertSignIn(
  config: ConfigPl,
  places: SignInPlaces,
  warn: (text: string) => void,
): DartsSignIn | null {
  const isNamed = (name: string): boolean => config.settings.has(name) || config.unread.includes(name);
  return CHECKS.some(isNamed) ? new SignInConverter(config, places, warn).convert() : null;
}

class SignInConverter {
  readonly #config: ConfigPl;
  readonly #places: SignInPlaces;
  readonly #warn: (text: string) => void;
  readonly #used = new Set<string>();
  /** Checks that are on and come to nothing here. */
  readonly #leftOut = new Set<string>();
  readonly #files = new Map<string, { content: string; mode: number }>();

  constructor(config: ConfigPl, places: SignInPlaces, warn: (text: string) => void) {
    this.#config = config;
    this.#places = places;
    this.#warn = warn;
  }

  convert(): DartsSignIn {
    const known: Provider[] = [this.#convertImap(), this.#convertSmtp(), this.#convertLdap()].flatMap(
      (provider) => provider ?? [],
    );
    const hook = this.#convertCustom(known);
    if (hook !== null) known.push(hook);
    const code = this.#convertEmail(known);
    if (code !== null) known.push(code);
    // First, so that an administrator gets in whatever becomes of the others.
    const providers: Provider[] = [{ provider: "local" }, ...known];
    if (!CHECKS.some((name) => this.#isOn(name))) {
      providers.push({ provider: "none" });
      this.#warn(
        `check_user_with_email: DARTS lets everybody in, by whatever name. Here that is the sign-in provider "none", which works for this computer alone: have the server listen on 127.0.0.1, or take {"provider": "none"} out of the file.`,
      );
    }
    for (const name of CHECKS) if (this.#isOn(name) && !this.#leftOut.has(name)) this.#used.add(name);
    return { providers, files: this.#files, used: this.#used };
  }

  #convertImap(): Provider | null {
    const host = this.#readServer("check_user_with_imap", "imap_server");
    if (host === null) return null;
    return { provider: "imap", host, ...this.#readPort("imap_port") };
  }

  #convertSmtp(): Provider | null {
    const host = this.#readServer("check_user_with_smtp", "smtp_server");
    if (host === null) return null;
    const port = this.#readPort("smtp_port");
    return { provider: "smtp", host, ...port, tls: this.#readTls(port.port) };
  }

  #convertLdap(): Provider | null {
    const server = this.#readServer("check_user_with_ldap", "ldap_server");
    if (server === null) return null;
    const domain = this.#read("ldap_domain");
    if (domain === "") {
      this.#warn("check_user_with_ldap: there is no ldap_domain to search in; it was left out.");
      this.#leftOut.add("check_user_with_ldap");
      return null;
    }
    const [, scheme, rest = server] = /^(ldaps?):\/\/([^/]+)\/?$/i.exec(server) ?? [];
    const { port } = this.#readPort("ldap_port");
    const host = isIPv6(rest) ? `[${rest}]` : rest;
    const isTls = (scheme?.toLowerCase() ?? (port === LDAPS_PORT ? "ldaps" : "ldap")) === "ldaps";
    const place = port === undefined || /:\d+$/.test(host) ? host : `${host}:${port}`;
    const isHere = LOOPBACK.test(isIPv6(rest) ? rest : host.replace(/:\d+$/, ""));
    if (!isTls && !isHere)
      this.#warn(
        `ldap_server: DARTS tells it passwords in the open. Here STARTTLS is required; if its certificate is not from a known authority, add "ca", and "serverName" if it is for another name.`,
      );
    return {
      provider: "ldap",
      urls: [`${isTls ? "ldaps" : "ldap"}://${place}`],
      ...(!isTls && isHere && { insecure: true }),
      searchBase: `dc=${domain}`,
      searchFilter: "(|(cn={name})(mail={name}))",
      nameAttribute: "cn",
    };
  }

  #convertCustom(known: readonly Provider[]): Provider | null {
    if (!this.#isOn("check_user_custom")) return null;
    const ids = known.map(({ provider }) => provider);
    this.#files.set(HOOK_FILE, {
      content: makeCheckUserHook(this.#places.configFile, ids.length > 0),
      mode: 0o755,
    });
    this.#warn(
      `check_user_custom: ${HOOK_FILE} runs config.pl at each sign-in and asks the function in it, without the rest of DARTS. Try it before people do.`,
    );
    const run = join(this.#places.folder, HOOK_FILE);
    return { provider: "hook", run, ...(ids.length > 0 && { also: ids }) };
  }

  /** Beside other checks DARTS sends the address of the desktop by mail: without the mail, the password is not enough. */
  #convertEmail(known: readonly Provider[]): Provider | null {
    const host = this.#readServer("check_user_with_email", "smtp_server");
    if (host === null) return null;
    const from = this.#read("email_from");
    const [, domain] = /^[^\s@<>]+@([\w-]+(?:\.[\w-]+)+)$/.exec(from) ?? [];
    if (domain === undefined) {
      this.#warn("check_user_with_email: email_from is no address; it was left out.");
      this.#leftOut.add("check_user_with_email");
      return null;
    }
    const mail = this.#describeMail(host, from);
    const ids = known.map(({ provider }) => provider);
    if (ids.length === 0) {
      this.#warn(
        `check_user_with_email: DARTS writes to every address. Here people with one of ${domain} get a code; add others to "domains".`,
      );
      return { provider: "email-code", mail, domains: [domain.toLowerCase()] };
    }
    this.#warn(
      `check_user_with_email: people get a code by e-mail after their password, as a second factor. Who has no address in ${ids.join(", ")} does not get in; where names have no @, add "domain" to imap and smtp.`,
    );
    return { provider: "email-code", mail, secondFor: ids };
  }

  #describeMail(host: string, from: string): Readonly<Record<string, unknown>> {
    const password = this.#read("email_passwd");
    const method = this.#read("email_method");
    const { port } = this.#readPort("smtp_port");
    const useSsl = this.#read("smtp_use_ssl");
    const isAuto = !/SSL|port|simple/.test(method);
    const isEncrypted =
      (isAuto || method.includes("SSL")) && port !== undefined && useSsl !== "" && password !== "";
    const isSimple = method.includes("simple") || (isAuto && port === undefined && useSsl === "");
    if (password !== "") this.#files.set(SECRET_FILE, { content: `${password}\n`, mode: 0o600 });
    const isOpen = !isEncrypted && LOOPBACK.test(host);
    if (!isEncrypted && !isOpen)
      this.#warn("email_method: DARTS sends mails in the open. Here TLS is required.");
    return {
      host,
      ...(isSimple ? { port: 25 } : port !== undefined && { port }),
      ...(isOpen ? { insecure: true } : { tls: this.#readTls(port) }),
      ...(password !== "" && { user: from, password: { file: SECRET_FILE } }),
      from,
    };
  }

  /** Null: the check is off, or cannot be taken along. */
  #readServer(check: string, server: string): string | null {
    if (!this.#isOn(check)) return null;
    const host = this.#read(server);
    if (/^[\w.:/[\]-]+$/.test(host)) return host;
    this.#warn(`${check}: there is no ${server}; it was left out.`);
    this.#leftOut.add(check);
    return null;
  }

  #readPort(name: string): { readonly port?: number } {
    const text = this.#read(name);
    if (text === "") return {};
    const port = Number(text);
    if (Number.isInteger(port) && port > 0 && port < 65_536) return { port };
    this.#warn(`${name}: it is no port; the usual one was taken.`);
    return {};
  }

  #readTls(port: number | undefined): "implicit" | "starttls" {
    const useSsl = this.#read("smtp_use_ssl");
    if (/starttls/i.test(useSsl)) return "starttls";
    return /ssl/i.test(useSsl) || port === SMTPS_PORT ? "implicit" : "starttls";
  }

  #read(name: string): string {
    const value = this.#config.settings.get(name) ?? "";
    const text = typeof value === "string" ? value.trim() : "";
    if (text !== "") this.#used.add(name);
    return text;
  }

  #isOn(name: string): boolean {
    // What could not be read may be on, and may come after a value that could.
    if (this.#config.warnings.some((text) => text.includes(` ${name} `))) return true;
    const value = this.#config.settings.get(name) ?? "";
    return typeof value === "string" ? !["", "0"].includes(value) : value.some((item) => item !== "");
  }
}
