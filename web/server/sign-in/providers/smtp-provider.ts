import {
  chooseSmtpMechanism,
  greetSmtp,
  logInToSmtp,
  SUBMISSION_PORTS,
  type SmtpMechanism,
} from "../mail/smtp-sign-in.ts";
import {
  MAIL_SIGN_IN_SHOWN,
  mailSignInOptions,
  openMailSignIn,
  type MailProtocol,
  type MailSignInOptions,
} from "./mail-sign-in.ts";
import type { SignInProviderKind } from "./sign-in-provider.ts";

/** SMTP as far as the sign-in: no mail is ever sent. */
const SMTP: MailProtocol<SmtpMechanism> = {
  title: "SMTP",
  ports: SUBMISSION_PORTS,
  greet: async (connection) => chooseSmtpMechanism(await greetSmtp(connection)),
  logIn: logInToSmtp,
};

export const smtpProvider: SignInProviderKind<MailSignInOptions> = {
  name: "smtp",
  options: mailSignInOptions,
  shown: MAIL_SIGN_IN_SHOWN,
  open: (options, services) => openMailSignIn(SMTP, options, services),
};
