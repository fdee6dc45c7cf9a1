import type { LineConnection } from "./line-connection.ts";
import { encodeSaslPlain, type MailCredentials } from "./mail-credentials.ts";
import { MAIL_FAULTS, MailFault } from "./mail-fault.ts";

/** Where servers take mails from people, by TLS and by STARTTLS. */
export const SUBMISSION_PORTS = { implicit: 465, starttls: 587 } as const;

/** No name of ours: servers that take passwords do not look at it. */
const HELLO = "EHLO [127.0.0.1]";
const [READY, SIGNED_IN, HELLO_TAKEN, GO_ON, WRONG_PASSWORD] = [220, 235, 250, 334, 535];

export type SmtpMechanism = "PLAIN" | "LOGIN";

export interface SmtpReply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** From the greeting to what the server offers, over TLS. Whatever it offered before, in the open, does not count. */
export async function greetSmtp(connection: LineConnection): Promise<SmtpReply> {
  const { code } = await readReply(connection);
  if (code !== READY) throw faultOf(code);
  if (connection.security === "starttls") {
    await ask(connection, HELLO);
    connection.writeLine("STARTTLS");
    if ((await readReply(connection)).code !== READY) throw new MailFault(MAIL_FAULTS.noStartTls);
    await connection.startTls();
  }
  return ask(connection, HELLO);
}

/** @throws MailFault if the server takes no passwords */
export function chooseSmtpMechanism({ lines }: SmtpReply): SmtpMechanism {
  const words = lines.filter((line) => /^AUTH[ =]/i.test(line)).flatMap((line) => line.split(/[ =]/));
  const offered = new Set(words.map((word) => word.toUpperCase()));
  if (offered.has("PLAIN")) return "PLAIN";
  if (offered.has("LOGIN")) return "LOGIN";
  throw new MailFault(MAIL_FAULTS.noPasswords);
}

/** Whether the server takes the password (RFC 4954). A yes before it has heard the password is none. */
export async function logInToSmtp(
  connection: LineConnection,
  mechanism: SmtpMechanism,
  credentials: MailCredentials,
): Promise<boolean> {
  const [command, ...answers] = logInParts(mechanism, credentials);
  connection.writeLine(command);
  for (const answer of answers) {
    const { code } = await readReply(connection);
    if (code === WRONG_PASSWORD) return false;
    if (code !== GO_ON) throw faultOf(code);
    connection.writeLine(answer);
  }
  const { code } = await readReply(connection);
  if (code === SIGNED_IN || code === WRONG_PASSWORD) return code === SIGNED_IN;
  throw faultOf(code);
}

/** In base64 all of it: whatever is in it, it begins no other command. */
function logInParts(mechanism: SmtpMechanism, credentials: MailCredentials): [string, ...string[]] {
  if (mechanism === "PLAIN") return ["AUTH PLAIN", encodeSaslPlain(credentials)];
  const encode = (text: string) => Buffer.from(text).toString("base64");
  return ["AUTH LOGIN", encode(credentials.login), encode(credentials.password)];
}

async function ask(connection: LineConnection, command: string): Promise<SmtpReply> {
  connection.writeLine(command);
  const reply = await readReply(connection);
  if (reply.code !== HELLO_TAKEN) throw faultOf(reply.code);
  return reply;
}

/** `250-first`, `250-second`, `250 last` */
async function readReply(connection: LineConnection): Promise<SmtpReply> {
  const lines: string[] = [];
  let first: string | undefined;
  for (;;) {
    const [, code, mark, text = ""] = /^([2-5]\d\d)([ -]|$)(.*)$/.exec(await connection.readLine()) ?? [];
    first ??= code;
    if (code === undefined || code !== first) throw new MailFault(MAIL_FAULTS.strange);
    lines.push(text);
    if (mark !== "-") return { code: Number(code), lines };
  }
}

/** 4xx: not now; 5xx: not here. */
function faultOf(code: number): MailFault {
  if (code >= 400 && code < 500) return new MailFault(MAIL_FAULTS.busy);
  return new MailFault(code >= 500 ? MAIL_FAULTS.noPasswords : MAIL_FAULTS.strange);
}
