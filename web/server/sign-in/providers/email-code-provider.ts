import { createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { LOCAL_PROVIDER, type UserRecord } from "../../../../proxy/index.ts";
import { userName, type SignInForm } from "../../../api/schemas.ts";
import { MAIL_SERVER_SHOWN } from "../mail/mail-server.ts";
import { Mailer, mailerOptions, type Mail } from "../mail/mailer.ts";
import { composeCodeMail } from "./code-mail.ts";
import { MailBudget } from "./mail-budget.ts";
import { ADDRESS_FORM, parseMailAddress } from "./mail-login.ts";
import type {
  Answers,
  ProviderCheck,
  SignInProviderKind,
  SignInProviderServices,
  SignInResult,
} from "./sign-in-provider.ts";

const CODE_DIGITS = 6;
const KEY_BYTES = 32;

const emailCodeOptions = z.strictObject({
  /** How mails are sent. */
  mail: mailerOptions,
  /** People with an address of these domains need no account beforehand. */
  domains: z
    .array(
      z
        .string()
        .regex(/^[\w-]+(?:\.[\w-]+)*$/, "is no domain")
        .transform(toLowerCase),
    )
    .default([]),
  /** People of these providers, by their ids, are sent a code once they have shown who they are, and nobody gets in by a code alone. */
  secondFor: z.array(z.string()).min(1).optional(),
});
type EmailCodeOptions = z.output<typeof emailCodeOptions>;

/** Whom the code is for. */
const recipient = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("account"), userId: z.string(), address: z.string() }),
  z.object({ kind: z.literal("address"), address: z.string() }),
]);
type Recipient = z.infer<typeof recipient>;

/** What the further step has to know; null: no mail was sent, and no code is right. */
const codeState = z.object({ to: recipient.nullable(), key: z.string(), hash: z.string() });

/** Nobody begins with it. */
const NO_FORM: SignInForm = { fields: [], buttons: [] };

const FORM: SignInForm = {
  fields: ADDRESS_FORM.fields.filter(({ name }) => name === "name"),
  buttons: [
    {
      label: { en: "Send me a code by e-mail", fr: "M’envoyer un code par e-mail" },
      href: null,
      without: ["password"],
    },
  ],
};

const CODE_FORM: SignInForm = {
  text: {
    en: "If there is an account of this name with an e-mail address, a code is on its way to it. It is valid for ten minutes; there are at most three in that time.",
    fr: "S’il existe un compte de ce nom avec une adresse e-mail, un code lui a été envoyé. Il est valable dix minutes ; il y en a trois au plus pendant ce temps.",
  },
  fields: [
    {
      name: "code",
      kind: "text",
      label: { en: "Code from the e-mail", fr: "Code reçu par e-mail" },
      missing: { en: "Enter the six digits.", fr: "Saisissez les six chiffres." },
      autocomplete: "one-time-code",
      maxLength: CODE_DIGITS,
    },
  ],
  buttons: [{ label: { en: "Sign in", fr: "Se connecter" }, href: null }],
};

const SECOND_FORM: SignInForm = {
  ...CODE_FORM,
  text: {
    en: "A code is on its way to your e-mail address. It is valid for ten minutes; there are at most three in that time.",
    fr: "Un code a été envoyé à votre adresse e-mail. Il est valable dix minutes ; il y en a trois au plus pendant ce temps.",
  },
};

/** A code by e-mail instead of a password, or after one. What the page shows is the same whether or not anybody gets a mail. */
export const emailCodeProvider: SignInProviderKind<EmailCodeOptions> = {
  name: "email-code",
  options: emailCodeOptions,
  shown: ["domains", ...[...MAIL_SERVER_SHOWN, "user", "from"].map((name) => `mail.${name}`)],
  open: (options, services) => {
    const { clock, log, id, pagesUrl } = services;
    const mailer = new Mailer(options.mail, { clock, log });
    const budget = new MailBudget(clock);

    /** What a further step keeps; the mail, if there is to be one, is on its way. */
    function sendCode(
      found: Recipient | null,
      device: string | null,
      isKnown = found?.kind === "account",
    ): z.input<typeof codeState> {
      const code = randomInt(10 ** CODE_DIGITS)
        .toString()
        .padStart(CODE_DIGITS, "0");
      const key = randomBytes(KEY_BYTES).toString("base64url");
      const isSent = found !== null && mayHaveMail(found, device, isKnown) && mail(found.address, code);
      return { to: isSent ? found : null, key, hash: hashCode(code, key).toString("base64url") };
    }

    const common = {
      check,
      sendMail: (mail: Mail) => mailer.enqueue(mail),
      close: () => mailer.close(),
    };
    if (options.secondFor !== undefined)
      return {
        ...common,
        form: NO_FORM,
        review: {
          of: options.secondFor,
          begin: ({ email, byPasskey }, _password, { device = null }) => {
            if (byPasskey) return Promise.resolve({ kind: "agreed", groups: [] });
            const address = email === null ? null : parseMailAddress(email);
            if (address === null) {
              log.warn(
                { event: "sign-in.no-address", provider: id },
                "a person has no mail address for a code",
              );
              return Promise.resolve({ kind: "refused" });
            }
            const state = sendCode({ kind: "address", address }, device, true);
            return Promise.resolve({ kind: "challenge", challenge: { form: SECOND_FORM, state } });
          },
          proceed: (_person, { state, answers }) => {
            const { to, isRight } = checkCode(state, answers);
            return Promise.resolve(
              isRight && to !== null ? { kind: "agreed", groups: [] } : { kind: "refused" },
            );
          },
        },
      };
    return {
      ...common,
      form: FORM,
      withoutPassword: true,
      async signIn({ name }, { device = null }) {
        const state = sendCode(await findRecipient(name, options, services), device);
        return { kind: "challenge", challenge: { form: CODE_FORM, state } };
      },
      async proceed(state, answers) {
        const { to, isRight } = checkCode(state, answers);
        return judge(to, isRight, services);
      },
    };

    async function check(): Promise<ProviderCheck> {
      const fault = await mailer.check();
      const { host } = options.mail;
      if (fault === null)
        return {
          works: true,
          text: {
            en: `Mail server ${host}: it lets this server in. No mail was sent.`,
            fr: `Serveur de messagerie ${host} : il laisse entrer ce serveur. Aucun message n’a été envoyé.`,
          },
        };
      return {
        works: false,
        text: { en: `Mail server ${host}: ${fault.en}`, fr: `Serveur de messagerie ${host} : ${fault.fr}` },
      };
    }

    function mayHaveMail(to: Recipient, device: string | null, hasAccount: boolean): boolean {
      const key = to.kind === "account" ? to.userId : to.address;
      const isAllowed = budget.take({ key, hasAccount, device });
      if (!isAllowed)
        log.warn({ event: "sign-in.code-limit", provider: id }, "too many codes were asked for");
      return isAllowed;
    }

    function mail(to: string, code: string): boolean {
      return mailer.enqueue(composeCodeMail({ to, code, pagesUrl: pagesUrl() }));
    }
  },
};

function checkCode(state: unknown, { code = "" }: Answers): { to: Recipient | null; isRight: boolean } {
  const { to, key, hash } = codeState.parse(state);
  const given = hashCode(code.replaceAll(/\s/g, ""), key);
  return { to, isRight: timingSafeEqual(given, Buffer.from(hash, "base64url")) };
}

/** By name, or by an address that one account alone has. Accounts of other services are theirs: they may have shut somebody out. */
async function findRecipient(
  typed: string,
  { domains }: EmailCodeOptions,
  { id, stores }: SignInProviderServices,
): Promise<Recipient | null> {
  const address = parseMailAddress(typed);
  const named = await stores.users.findByName(typed.trim());
  const having = address === null ? [] : await stores.users.findByEmail(address);
  const user = chooseAccount(named, having, address);
  if (user === "several") return null;
  if (user === null) return strangerOf(address, domains);
  if (user.disabledAt !== null) return null;
  // Of an account that this provider made it is asked anew who may enter.
  return user.provider === id ? strangerOf(user.subject, domains) : accountOf(user);
}

/** Whose mail address it is comes before who is called so: nobody's name may keep a mail from the person whose address it is. */
function chooseAccount(
  named: UserRecord | null,
  having: readonly UserRecord[],
  address: string | null,
): UserRecord | "several" | null {
  const [owner = null] = having;
  if (named !== null && (owner === null || addressOf(named) === address)) return named;
  return having.length > 1 ? "several" : owner;
}

/** Somebody with an address of the domains that need no account. */
function strangerOf(address: string | null, domains: readonly string[]): Recipient | null {
  if (address === null || !domains.includes(domainOf(address))) return null;
  return userName.safeParse(address).success ? { kind: "address", address } : null;
}

/** An account of this server's own. */
function accountOf(user: UserRecord): Recipient | null {
  const address = user.provider === LOCAL_PROVIDER ? addressOf(user) : null;
  return address === null ? null : { kind: "account", userId: user.id, address };
}

async function judge(
  to: Recipient | null,
  isRight: boolean,
  { id, stores }: SignInProviderServices,
): Promise<SignInResult> {
  if (to?.kind === "address") {
    const { address } = to;
    if (!isRight) return { kind: "refused", user: await stores.users.findBySubject(id, address) };
    return { kind: "person", person: { subject: address, name: address, email: address, groups: [] } };
  }
  // Looked for even where there is nobody: it takes as long.
  const user = await stores.users.find(to?.userId ?? "");
  // The code went to the address of then.
  const isSame = user !== null && to !== null && addressOf(user) === to.address;
  if (isRight && isSame) return { kind: "signedIn", user };
  return { kind: "refused", user };
}

function addressOf({ email }: UserRecord): string | null {
  return email === null ? null : parseMailAddress(email);
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

function hashCode(code: string, key: string): Buffer {
  return createHmac("sha256", key).update(code).digest();
}

function toLowerCase(text: string): string {
  return text.toLowerCase();
}
