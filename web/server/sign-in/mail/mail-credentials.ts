export interface MailCredentials {
  readonly login: string;
  readonly password: string;
}

/** The one message of SASL PLAIN (RFC 4616), base64. */
export function encodeSaslPlain({ login, password }: MailCredentials): string {
  return Buffer.from(`\0${login}\0${password}`).toString("base64");
}
