import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import type { TestCertificate } from "./certificate-files.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { waitFor } from "./wait-for.ts";

export interface SunkMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, headers and all. */
  readonly raw: string;
  /** Who had signed in; null: nobody. */
  readonly user: string | null;
  readonly secure: boolean;
}

/** A mail server that keeps what it is sent. */
export interface MailSink {
  readonly port: number;
  readonly mails: readonly SunkMail[];
  /** Waits until there are so many. */
  waitForMails(count: number): Promise<readonly SunkMail[]>;
  stop(): Promise<void>;
}

interface SinkOptions {
  readonly certificate: TestCertificate;
  /** TLS from the first byte; absent: STARTTLS is offered. */
  readonly secure?: boolean;
  /** Without it nobody need sign in. */
  readonly account?: { readonly user: string; readonly password: string };
}

export async function startMailSink(cleanup: CleanupStack, options: SinkOptions): Promise<MailSink> {
  const { account, secure = false } = options;
  const mails: SunkMail[] = [];
  const server = new SMTPServer({
    ...(await options.certificate.read()),
    secure,
    authOptional: account === undefined,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth({ username, password }, _session, done) {
      const isRight = username === account?.user && password === account?.password;
      done(isRight ? null : new Error("wrong"), isRight ? { user: username } : undefined);
    },
    onData(stream, session, done) {
      void text(stream).then((raw) => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw,
          user: typeof session.user === "string" ? session.user : null,
          secure: session.secure,
        });
        done();
      });
    },
  });
  server.on("error", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return cleanup.add({
    port: (server.server.address() as AddressInfo).port,
    mails,
    waitForMails: (count) => waitFor(`${count} mails`, () => mails.length >= count && mails),
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
