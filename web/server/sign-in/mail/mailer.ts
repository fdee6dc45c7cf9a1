import { createTransport } from "nodemailer";
import type { Logger } from "pino";
import { z } from "zod";
import type { Clock } from "../../../../protocol/index.ts";
import type { LocalizedText } from "../../../api/schemas.ts";
import { hasLineEnd } from "./line-connection.ts";
import { explainMailFault, MAIL_FAULTS, MailFault } from "./mail-fault.ts";
import { checkMailServer, describeMailServer, mailServerShape, tlsOptionsOf } from "./mail-server.ts";
import { chooseSmtpMechanism, greetSmtp, logInToSmtp, SUBMISSION_PORTS } from "./smtp-sign-in.ts";
import { talkToServer, withinLimit } from "./talk-to-server.ts";

/** One mail, from the connection to the server's "taken". */
const SEND_LIMIT_MS = 20_000;
/** One answer of the mail server. */
const MAX_REPLY_BYTES = 65_536;
/** Mails that are sent at once. */
const MAX_MAILS_AT_ONCE = 2;
/** Mails that wait for that; more are not sent. */
const MAX_MAILS_WAITING = 200;
/** So long a mail waits at least: the answer to the request that caused it must have left, or its time would tell that there was one. */
const PAUSE_MS = 100;

const SENDER = /^(?:([^<>"\r\n]{0,64}) <([^<>\s]+)>|([^<>\s]+))$/;
const emailAddress = z.email().max(254);

/** How this server sends mails. */
export const mailerOptions = z
  .strictObject({
    ...mailServerShape,
    /** With which it signs in there; both or neither. */
    user: z.string().min(1).max(254).refine(isOneLine, "is more than one line").optional(),
    password: z.string().min(1).max(1024).refine(isOneLine, "is more than one line").optional(),
    /** `desk@example.org`, or `The desks <desk@example.org>`. */
    from: z.string().max(320).transform(parseSender),
  })
  .superRefine(checkMailServer)
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ["password"],
    message: "and user come together",
  });
export type MailerOptions = z.output<typeof mailerOptions>;

/** What is sent; the sender is the server's. */
export interface Mail {
  /** One address, and nothing else. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

interface MailerServices {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Sends mails by way of a mail server, a bounded number at a time. */
export class Mailer {
  readonly #options: MailerOptions;
  readonly #services: MailerServices;
  readonly #queue: Mail[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: MailerOptions, services: MailerServices) {
    this.#options = options;
    this.#services = services;
  }

  /** To be sent soon, once; that it was not is in the log alone. False: too many wait already. */
  enqueue(mail: Mail): boolean {
    const { clock, log } = this.#services;
    if (this.#closing.signal.aborted) return false;
    if (this.#queue.length >= MAX_MAILS_WAITING) {
      log.warn({ event: "mail.dropped" }, "too many mails wait to be sent");
      return false;
    }
    this.#queue.push(mail);
    clock.after(PAUSE_MS, () => {
      this.#sendNext();
    });
    return true;
  }

  /**
   * Sends one at once, and waits for the mail server to take it.
   * @throws MailFault, and errors of Nodemailer; see `explainMailFault`
   */
  async send(mail: Mail): Promise<void> {
    const { from } = this.#options;
    const to = emailAddress.parse(mail.to);
    if (hasLineEnd(mail.subject)) throw new Error("a subject is one line");
    const deadline = new AbortController();
    const cancel = this.#services.clock.after(SEND_LIMIT_MS, () => {
      deadline.abort();
    });
    const transport = createTransport(this.#describeTransport());
    try {
      await transport.sendMail({
        from,
        to: { name: "", address: to },
        envelope: { from: from.address, to: [to] },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        headers: { "Auto-Submitted": "auto-generated" },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: AbortSignal.any([deadline.signal, this.#closing.signal]),
      });
    } catch (error) {
      throw deadline.signal.aborted ? new MailFault(MAIL_FAULTS.timeout, error) : error;
    } finally {
      cancel();
      transport.close();
    }
  }

  /** Signs in at the mail server and sends nothing. Null: it works; otherwise what does not. */
  async check(): Promise<LocalizedText | null> {
    const { user, password } = this.#options;
    const server = describeMailServer(this.#options, SUBMISSION_PORTS);
    try {
      return await withinLimit(this.#services.clock, (signal) =>
        talkToServer(server, signal, async (connection) => {
          const offer = await greetSmtp(connection);
          if (user === undefined || password === undefined) return null;
          const credentials = { login: user, password };
          const isTaken = await logInToSmtp(connection, chooseSmtpMechanism(offer), credentials);
          return isTaken ? null : MAIL_FAULTS.wrongPassword;
        }),
      );
    } catch (error) {
      return explainMailFault(error);
    }
  }

  /** What waits is not sent any more, and what is on its way is cut off. */
  async close(): Promise<void> {
    this.#queue.length = 0;
    this.#closing.abort();
    await Promise.all(this.#sending);
  }

  #sendNext(): void {
    if (this.#sending.size >= MAX_MAILS_AT_ONCE) return;
    const mail = this.#queue.shift();
    if (mail === undefined) return;
    const sending = this.#sendLogged(mail).finally(() => {
      this.#sending.delete(sending);
      this.#sendNext();
    });
    this.#sending.add(sending);
  }

  async #sendLogged(mail: Mail): Promise<void> {
    const { log } = this.#services;
    try {
      await this.send(mail);
      log.debug({ event: "mail.sent" }, "sent a mail");
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      log.warn({ event: "mail.failed", reason: explainMailFault(error).en }, "a mail was not sent");
    }
  }

  #describeTransport() {
    const { user, password } = this.#options;
    const server = describeMailServer(this.#options, SUBMISSION_PORTS);
    const { host, port, security } = server;
    return {
      host,
      port,
      secure: security === "implicit",
      requireTLS: security === "starttls",
      ignoreTLS: security === "none",
      tls: tlsOptionsOf(server),
      name: "[127.0.0.1]",
      ...(user !== undefined && { auth: { user, pass: password }, forceAuth: true }),
      maxResponseSize: MAX_REPLY_BYTES,
      connectionTimeout: SEND_LIMIT_MS,
      greetingTimeout: SEND_LIMIT_MS,
      socketTimeout: SEND_LIMIT_MS,
      socketCloseTimeout: 0,
    };
  }
}

function parseSender(text: string, context: z.RefinementCtx): { name: string; address: string } {
  const [, name = "", inBrackets, alone] = SENDER.exec(text) ?? [];
  const address = inBrackets ?? alone ?? "";
  if (!emailAddress.safeParse(address).success)
    context.addIssue({ code: "custom", message: "is neither ADDRESS nor NAME <ADDRESS>" });
  return { name, address };
}

function isOneLine(text: string): boolean {
  return !hasLineEnd(text);
}
