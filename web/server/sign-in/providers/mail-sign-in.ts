import { z } from "zod";
import { isPosternError } from "../../../../protocol/index.ts";
import type { LocalizedText } from "../../../api/schemas.ts";
import { hasLineEnd, type LineConnection } from "../mail/line-connection.ts";
import type { MailCredentials } from "../mail/mail-credentials.ts";
import { explainMailFault } from "../mail/mail-fault.ts";
import {
  checkMailServer,
  describeMailServer,
  mailServerShape,
  MAIL_SERVER_SHOWN,
  type MailServer,
  type UsualPorts,
} from "../mail/mail-server.ts";
import { talkToServer, withinLimit } from "../mail/talk-to-server.ts";
import { ConcurrencyLimit, type Familiarity } from "../concurrency-limit.ts";
import { ADDRESS_FORM, findMailLogin, parseMailAddress } from "./mail-login.ts";
import type { ProviderCheck, SignInProvider, SignInProviderServices } from "./sign-in-provider.ts";

/** Sign-ins that talk to one mail server at once. */
const MAX_MAIL_SIGN_INS = 16;
/** Sign-ins that wait for one of them; with more the answer is `LOGIN_BUSY`. */
const MAX_MAIL_SIGN_INS_WAITING = 64;

/** Options of the providers that ask a mail server. */
export const mailSignInOptions = z
  .strictObject({
    ...mailServerShape,
    /** Added to a name without @; people of another domain are left to other providers. */
    domain: z
      .string()
      .max(253)
      .regex(/^[\w-]+(?:\.[\w-]+)*$/, "is no domain")
      .transform((domain) => domain.toLowerCase())
      .optional(),
    /**
     * What a "no" of the server means, which does not say whether it knows the person: `next`, and the next provider is asked, with
     * the same password; `final`, and nobody else is.
     */
    refusal: z.enum(["next", "final"]).default("next"),
  })
  .superRefine(checkMailServer);
/** What administrators may read of them. */
export const MAIL_SIGN_IN_SHOWN = [...MAIL_SERVER_SHOWN, "domain", "refusal"];
export type MailSignInOptions = z.output<typeof mailSignInOptions>;

/** How a protocol goes; each step throws where the server can say neither yes nor no. */
export interface MailProtocol<Offer> {
  readonly title: string;
  readonly ports: UsualPorts;
  /** Up to where a password may be sent. Returns what the server offers for that. */
  greet(connection: LineConnection): Promise<Offer>;
  /** Says whether the server takes the password. */
  logIn(connection: LineConnection, offer: Offer, credentials: MailCredentials): Promise<boolean>;
}

/** Signs in whomever a mail server signs in. */
export function openMailSignIn<Offer>(
  protocol: MailProtocol<Offer>,
  options: MailSignInOptions,
  { id, stores, clock }: SignInProviderServices,
): SignInProvider {
  const server = describeMailServer(options, protocol.ports);
  const limit = new ConcurrencyLimit({ running: MAX_MAIL_SIGN_INS, waiting: MAX_MAIL_SIGN_INS_WAITING });
  const explain = (error: unknown) => describeFailure(protocol.title, server, error);

  const isRight = (credentials: MailCredentials, who?: Familiarity): Promise<boolean> =>
    withinLimit(clock, (signal) =>
      limit.run(
        () =>
          talkToServer(server, signal, async (connection) =>
            protocol.logIn(connection, await protocol.greet(connection), credentials),
          ),
        who,
      ),
    );

  return {
    form: ADDRESS_FORM,
    async signIn({ name: typed, password }, { familiarity }) {
      const person = findMailLogin(typed, options.domain);
      if (person === null) return { kind: "unknownPerson" };
      const { name, login } = person;
      try {
        // No mail server has such a password, and what follows the end of a line would be a command.
        if (!hasLineEnd(password) && (await isRight({ login, password }, familiarity)))
          return {
            kind: "person",
            person: { subject: login, name, email: parseMailAddress(login), groups: [] },
          };
      } catch (error) {
        if (isPosternError(error)) throw error;
        return { kind: "unavailable", reason: explain(error).en };
      }
      if (options.refusal === "next") return { kind: "unknownPerson" };
      return { kind: "refused", user: await stores.users.findBySubject(id, login) };
    },
    async check() {
      try {
        await withinLimit(clock, (signal) =>
          talkToServer(server, signal, (connection) => protocol.greet(connection)),
        );
        return describeSuccess(protocol.title, server);
      } catch (error) {
        return { works: false, text: explain(error) };
      }
    },
  };
}

function describeFailure(title: string, { host, port }: MailServer, error: unknown): LocalizedText {
  const { en, fr } = explainMailFault(error);
  const address = `${host}, port ${port}`;
  return { en: `${title} server ${address}: ${en}`, fr: `Serveur ${title} ${address} : ${fr}` };
}

function describeSuccess(title: string, { host, port, security }: MailServer): ProviderCheck {
  const address = `${host}, port ${port}`;
  const trust =
    security === "none"
      ? { en: "It answers, without TLS,", fr: "Il répond, sans TLS," }
      : { en: "It answers, its certificate is trusted,", fr: "Il répond, son certificat est reconnu," };
  return {
    works: true,
    text: {
      en: `${title} server ${address}: ${trust.en} and it takes passwords.`,
      fr: `Serveur ${title} ${address} : ${trust.fr} et il accepte les mots de passe.`,
    },
  };
}
