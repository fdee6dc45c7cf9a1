import type { Permission } from "../../protocol/index.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { DesktopView, Role } from "../state/state-records.ts";

/** A text in each language of the sign-in screen. */
export interface Wording {
  readonly en: string;
  readonly fr: string;
}

/** A desktop that a person may open, and how. */
export interface DesktopGrant {
  readonly desktop: DesktopView;
  readonly role: Role;
  readonly denied: readonly Permission[];
}

/** A person who has signed in; their login is open until {@link SignedInPerson.leave}, or somebody ends it. */
export interface SignedInPerson {
  readonly userId: string;
  readonly name: string;
  /** SHA-256 of the cookie of the login, which nobody has. */
  readonly loginHash: string;
  /** When the login ends by itself, in epoch milliseconds. */
  readonly endsAt: number;
  /** The desktops that they may open now, by name. */
  listDesktops(): Promise<readonly DesktopGrant[]>;
  /** As it is now; null: they may not open it, or their login has ended. */
  findDesktop(desktopId: string): Promise<DesktopGrant | null>;
  /** Ends the login. Idempotent, never rejects. */
  leave(): Promise<void>;
}

/** Something that has to be typed. */
export interface AskedField {
  readonly name: string;
  readonly label: Wording;
  /** What was typed is not shown. */
  readonly hidden: boolean;
  readonly maxLength: number;
}

export interface AnswerAlternative {
  readonly label: Wording;
  readonly fields: readonly AskedField[];
}

/** More is asked for before anybody is signed in. */
export interface SignInQuestion {
  readonly fields: readonly AskedField[];
  /** Alternatives to answer by, those fields' own one included, one at a time. Absent: there is one. */
  readonly alternatives?: readonly AnswerAlternative[];
  /** @param answers by the names of the fields */
  answer(answers: Readonly<Record<string, string>>): Promise<SignInReply | NamedReply>;
}

/** The answer told who they say they are, and that was right. */
export interface NamedReply {
  readonly kind: "named";
  readonly signIn: StartedSignIn;
}

export type SignInReply =
  | { readonly kind: "person"; readonly person: SignedInPerson }
  | { readonly kind: "question"; readonly question: SignInQuestion }
  /** `triesLeft`: of answers to the same question; 0: it has to be begun again. */
  | { readonly kind: "refused"; readonly triesLeft: number }
  | { readonly kind: "throttled"; readonly waitMs: number }
  /** A service that may know the person cannot be asked. */
  | { readonly kind: "unavailable" }
  /** It can go on in a browser only. */
  | { readonly kind: "elsewhere"; readonly reason: "FACTOR_MISSING" | "FACTOR_BROWSER" }
  /** The audit log cannot be written. */
  | { readonly kind: "unaudited" };

/** Who people with an account are: throttles, audit lines and second factors included. */
export interface PeopleSignIn {
  begin(
    login: { readonly name: string; readonly password: string },
    source: ConnectionSource,
  ): Promise<SignInReply>;
}

/** A sign-in that goes on at the viewer's screen. With a name: the password was right. */
export interface StartedSignIn {
  /** What they typed as their name; null: that is asked for on the screen. */
  readonly name: string | null;
  readonly reply: Extract<SignInReply, { kind: "question" | "person" }>;
  /** Ids of the desktops that they named; null: they named none. */
  readonly desktopIds: readonly string[] | null;
}
