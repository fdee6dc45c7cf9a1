import type { Logger } from "pino";
import type { z } from "zod";
import type { Clock } from "../../../../protocol/index.ts";
import type { AuditEntry, Stores, UserRecord } from "../../../../proxy/index.ts";
import type { SignInForm } from "../../../api/schemas.ts";
import type { Passwords } from "../passwords.ts";

/** What was typed into the form: name and password, and whatever other fields the providers ask for. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
  readonly [field: string]: string | undefined;
}

/** One attempt. */
export interface SignInContext {
  /** Where it comes from; undefined on the administrator's socket. */
  readonly source: AuditEntry["source"];
  /** A device from which the account has signed in before; null or absent: none. */
  readonly device?: string | null;
}

export type SignInResult =
  | { readonly kind: "signedIn"; readonly user: UserRecord }
  /** The next provider is asked. */
  | { readonly kind: "unknownPerson" }
  /** No other provider is asked. `user` is the account that was aimed at, for the audit log. */
  | { readonly kind: "refused"; readonly user: UserRecord | null };

/** One way to find out who a person is. Throttling, audit, disabled accounts and the login itself are not its task. */
export interface SignInProvider {
  /** What the sign-in page shows for it. A field that several providers name is shown once. */
  readonly form: SignInForm;
  /** Takes as long for an unknown person as for a wrong password where it can. */
  signIn(credentials: Credentials, context: SignInContext): Promise<SignInResult>;
}

export interface SignInProviderServices {
  readonly stores: Stores;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A kind of provider: a row of {@link SIGN_IN_PROVIDERS}. */
export interface SignInProviderKind<Options = unknown> {
  /** Its key in the sign-in options. */
  readonly name: string;
  readonly options: z.ZodType<Options>;
  open(options: Options, services: SignInProviderServices): SignInProvider;
}
