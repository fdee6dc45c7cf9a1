import type { Logger } from "pino";
import type { z } from "zod";
import type { Clock } from "../../../../protocol/index.ts";
import type { AuditEntry, Stores, UserRecord } from "../../../../proxy/index.ts";
import type { LocalizedText, SignInForm } from "../../../api/schemas.ts";
import type { Familiarity } from "../concurrency-limit.ts";
import type { Mail } from "../mail/mailer.ts";
import type { Passwords } from "../passwords.ts";

/** What was typed into the form: name and password, and whatever other fields the providers ask for. */
export interface Credentials {
  readonly name: string;
  /** Empty for providers without passwords alone. */
  readonly password: string;
  readonly [field: string]: string | undefined;
}

/** What was typed into the form of a further step. */
export type Answers = Readonly<Record<string, string | undefined>>;

/** One attempt. */
export interface SignInContext {
  /** Where it comes from; undefined on the administrator's socket. */
  readonly source: AuditEntry["source"];
  /** A device from which the account has signed in before; null or absent: none. */
  readonly device?: string | null;
  /** Whether this account has signed in from here before; what a provider does by turns, it does for the known first. */
  readonly familiarity?: Familiarity;
  /** A VNC viewer that sent name and password; absent: the page. */
  readonly via?: "viewer";
}

/** A person as another service describes them. */
export interface ExternalPerson {
  /** The service's own key of the person, which it never gives to another one: `entryUUID`, `sub` … */
  readonly subject: string;
  /** The name of the account that is made at the first sign-in. */
  readonly name: string;
  readonly email: string | null;
  /** The person's groups as the service names them. */
  readonly groups: readonly string[];
}

/** More is asked for before anybody is signed in. */
export interface SignInChallenge {
  /** What the page shows; the answers come under the names of its fields. */
  readonly form: SignInForm;
  /** What the provider needs to go on: JSON. Kept sealed, away from the browser, for ten minutes and five tries. */
  readonly state: unknown;
}

export type SignInResult =
  /** An account of this server. */
  | { readonly kind: "signedIn"; readonly user: UserRecord }
  /** Another service vouches for this person. Their account is found, or made. */
  | { readonly kind: "person"; readonly person: ExternalPerson }
  | { readonly kind: "challenge"; readonly challenge: SignInChallenge }
  /** The next provider is asked. */
  | { readonly kind: "unknownPerson" }
  /** Its service cannot be asked now; the next provider is. `reason`: for the log, in plain words, without secrets. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** No other provider is asked. `user` is the account that was aimed at, for the audit log. */
  | { readonly kind: "refused"; readonly user: UserRecord | null };

/** Somebody of whom another provider has said who it is. */
export interface ReviewedPerson {
  /** That provider's id. */
  readonly provider: string;
  /** Its service's own key of the person; null: an account of this server. */
  readonly subject: string | null;
  readonly name: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  /** They proved it by a passkey, which is two factors already. */
  readonly byPasskey: boolean;
}

export type ReviewResult =
  /** The person may go on, and is in these groups, too. */
  | { readonly kind: "agreed"; readonly groups: readonly string[] }
  | { readonly kind: "challenge"; readonly challenge: SignInChallenge }
  /** Nobody goes on whom it has to look at. `reason`: as in {@link SignInResult}. */
  | { readonly kind: "unavailable"; readonly reason: string }
  | { readonly kind: "refused" };

/** A second look at people whom other providers know, before they have an account or a login by it. */
interface SignInReview {
  /** Whose people, by the providers' ids; null: those of all others. */
  readonly of: readonly string[] | null;
  /** @param password as it was typed; null: there was none, or it is not kept any more */
  begin(person: ReviewedPerson, password: string | null, context: SignInContext): Promise<ReviewResult>;
  /** Goes on after its {@link SignInChallenge}. An answer that is wrong is `refused`. */
  proceed(person: ReviewedPerson, given: GivenAnswers, context: SignInContext): Promise<ReviewResult>;
}

/** To a {@link SignInChallenge}. */
export interface GivenAnswers {
  /** What the provider kept for itself. */
  readonly state: unknown;
  readonly answers: Answers;
}

/** What an administrator learns by the *Test* button. */
export interface ProviderCheck {
  readonly works: boolean;
  /** What was found, or what failed and what to do. */
  readonly text: LocalizedText;
}

/** The session at another service that a sign-in comes from. */
export interface ProviderSession {
  /** The service's own key of it; null: it has none. */
  readonly id: string | null;
  /** Tells the service which session is to end; a secret. Null: there is none. */
  readonly hint: string | null;
}

/** `reason`: for the log, in plain words, without secrets and without the service's own text. */
export type RedirectStart =
  /** `state` is kept sealed for ten minutes and one use. */
  | { readonly kind: "away"; readonly url: string; readonly state: unknown }
  | { readonly kind: "unavailable"; readonly reason: string };

export type RedirectResult =
  | { readonly kind: "person"; readonly person: ExternalPerson; readonly session: ProviderSession }
  /** The service did not sign the person in, or not as it was asked to. */
  | { readonly kind: "declined" }
  /** What came back proves nothing. */
  | { readonly kind: "untrusted"; readonly reason: string }
  | { readonly kind: "unavailable"; readonly reason: string };

/** What another service says has ended. One of `subject` and `session` is there. */
export interface LogoutNotice {
  /** As {@link ExternalPerson.subject}; null: the session alone is named. */
  readonly subject: string | null;
  readonly session: string | null;
  /** Its own key: it counts once. */
  readonly id: string;
}

/** A way by another site's page: the browser goes there and comes back. */
export interface Redirect {
  /** @param returnKey must come back as the parameter `state` of the address */
  begin(callbackUrl: string, returnKey: string): Promise<RedirectStart>;
  /** @param returned the address that the browser came back with, parameters and all */
  finish(returned: URL, state: unknown): Promise<RedirectResult>;
  /** Where the browser goes to end the session there, too; null: nowhere. */
  endSession?(session: ProviderSession, returnTo: string): Promise<string | null>;
  /** Checks what a server says has ended. A string: why it is not believed, for the log. */
  readLogout?(token: string): Promise<LogoutNotice | string>;
}

/**
 * One way to find out who a person is. Throttling, audit, the account, who may enter, disabled accounts, further factors and the login
 * itself are not its task.
 */
export interface SignInProvider {
  /** What the sign-in page shows for it. A field that several providers name is shown once. */
  readonly form: SignInForm;
  /**
   * It is asked where the password was left empty, and only there; absent: only where there is one. So nobody's password reaches
   * a provider that has no use for it, and none takes "no password" for a right one.
   */
  readonly withoutPassword?: true;
  /** With `withoutPassword`: it is asked where the name was left empty as well, and only there. */
  readonly withoutName?: true;
  /** All its people have one account: nobody's second factor counts there. */
  readonly shared?: true;
  /**
   * Takes as long for an unknown person as for a wrong password where it can. Absent: nobody signs in by typing a name.
   * An empty password reaches it only where it says `withoutPassword`.
   */
  signIn?(credentials: Credentials, context: SignInContext): Promise<SignInResult>;
  /** Goes on after a {@link SignInChallenge}. An answer that is wrong is `refused`. */
  proceed?(state: unknown, answers: Answers, context: SignInContext): Promise<SignInResult>;
  readonly redirect?: Redirect;
  readonly review?: SignInReview;
  /** Tries what can be tried without a person's password. Takes ten seconds at most. */
  check?(): Promise<ProviderCheck>;
  /** Where it has a mail server: sends one soon. False: too many wait already. */
  sendMail?(mail: Mail): boolean;
  close?(): Promise<void>;
}

export interface SignInProviderServices {
  /** The provider's name in the configuration, unique among them. */
  readonly id: string;
  readonly stores: Stores;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where people find the pages: `https://desk.example.org/`. Called late: the port may not be known before. */
  readonly pagesUrl: () => string;
  /** Whether nobody but people of this computer reaches the pages, as far as the server's options say. */
  readonly loopbackOnly: boolean;
}

/** A kind of provider: a row of {@link SIGN_IN_PROVIDERS}. */
export interface SignInProviderKind<Options = unknown> {
  /** Its key in the sign-in options. */
  readonly name: string;
  /** Its own options, beside those that all providers have. */
  readonly options: z.ZodType<Options>;
  /** Options that administrators may read on the page, as `urls` or `mail.host`; of the others they learn that they are set. */
  readonly shown?: readonly string[];
  open(options: Options, services: SignInProviderServices): SignInProvider;
}
