import type { LineConnection } from "../mail/line-connection.ts";
import { encodeSaslPlain, type MailCredentials } from "../mail/mail-credentials.ts";
import { MAIL_FAULTS, MailFault } from "../mail/mail-fault.ts";
import {
  MAIL_SIGN_IN_SHOWN,
  mailSignInOptions,
  openMailSignIn,
  type MailProtocol,
  type MailSignInOptions,
} from "./mail-sign-in.ts";
import type { SignInProviderKind } from "./sign-in-provider.ts";

/** Codes of a NO that is not about the password (RFC 5530). */
const NOT_NOW = /^\[(?:UNAVAILABLE|CONTACTADMIN|SERVERBUG|INUSE|LIMIT|CANNOT|PRIVACYREQUIRED)\b/i;
/** `{12}` at the end of a line: so many bytes of anything follow, which no answer to a sign-in has. */
const LITERAL = /\{\d+\+?\}$/;

type ImapMechanism = "PLAIN" | "LOGIN";

interface ImapAnswer {
  readonly status: string;
  readonly text: string;
  /** Lines that came before it, without their `* `. */
  readonly untagged: readonly string[];
}

/** IMAP as far as the sign-in (RFC 9051), strict: no answer counts that was not asked for. */
const IMAP: MailProtocol<ImapMechanism> = {
  title: "IMAP",
  ports: { implicit: 993, starttls: 143 },
  async greet(connection) {
    const greeting = await connection.readLine();
    if (/^\* PREAUTH\b/i.test(greeting)) throw new MailFault(MAIL_FAULTS.preAuthenticated);
    if (/^\* BYE\b/i.test(greeting)) throw new MailFault(MAIL_FAULTS.busy);
    if (!/^\* OK\b/i.test(greeting)) throw new MailFault(MAIL_FAULTS.strange);
    if (connection.security === "starttls") {
      const { status } = await ask(connection, "a1", ["STARTTLS"]);
      if (status !== "OK") throw new MailFault(MAIL_FAULTS.noStartTls);
      await connection.startTls();
    }
    // Whatever was offered before, in the open, does not count.
    return chooseMechanism(await ask(connection, "a2", ["CAPABILITY"]));
  },
  async logIn(connection, mechanism, credentials) {
    const { status, text } = await ask(connection, "a3", logInParts(mechanism, credentials));
    if (status === "OK") return true;
    if (status === "NO" && !NOT_NOW.test(text)) return false;
    throw new MailFault(status === "NO" ? MAIL_FAULTS.busy : MAIL_FAULTS.strange);
  },
};

export const imapProvider: SignInProviderKind<MailSignInOptions> = {
  name: "imap",
  options: mailSignInOptions,
  shown: MAIL_SIGN_IN_SHOWN,
  open: (options, services) => openMailSignIn(IMAP, options, services),
};

function chooseMechanism({ status, untagged }: ImapAnswer): ImapMechanism {
  const words = untagged.filter((line) => /^CAPABILITY /i.test(line)).flatMap((line) => line.split(" "));
  const offered = new Set(words.map((word) => word.toUpperCase()));
  if (status !== "OK" || !(offered.has("IMAP4REV1") || offered.has("IMAP4REV2")))
    throw new MailFault(MAIL_FAULTS.strange);
  if (offered.has("AUTH=PLAIN")) return "PLAIN";
  if (offered.has("LOGINDISABLED")) throw new MailFault(MAIL_FAULTS.noPasswords);
  return "LOGIN";
}

/** For LOGIN both as literals: whatever is in them, it begins no other command. */
function logInParts(mechanism: ImapMechanism, credentials: MailCredentials): string[] {
  if (mechanism === "PLAIN") return ["AUTHENTICATE PLAIN", encodeSaslPlain(credentials)];
  const { login, password } = credentials;
  const [loginBytes, passwordBytes] = [Buffer.byteLength(login), Buffer.byteLength(password)];
  return [`LOGIN {${loginBytes}}`, `${login} {${passwordBytes}}`, password];
}

/** A command, whose further parts wait until the server asks for them. */
async function ask(
  connection: LineConnection,
  tag: string,
  [command = "", ...further]: readonly string[],
): Promise<ImapAnswer> {
  const untagged: string[] = [];
  connection.writeLine(`${tag} ${command}`);
  for (;;) {
    const line = await connection.readLine();
    const [, mark, rest = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    if (LITERAL.test(line)) throw new MailFault(MAIL_FAULTS.strange);
    if (mark === "+") {
      const part = further.shift();
      if (part === undefined) throw new MailFault(MAIL_FAULTS.strange);
      connection.writeLine(part);
    } else if (mark === "*") {
      if (/^BYE\b/i.test(rest)) throw new MailFault(MAIL_FAULTS.busy);
      untagged.push(rest);
    } else if (mark === tag) {
      const [, status = "", text = ""] = /^(\w+) ?(.*)$/.exec(rest) ?? [];
      // A yes before the server has heard the password is none.
      if (status.toUpperCase() === "OK" && further.length > 0) throw new MailFault(MAIL_FAULTS.strange);
      return { status: status.toUpperCase(), text, untagged };
    } else throw new MailFault(MAIL_FAULTS.strange);
  }
}
