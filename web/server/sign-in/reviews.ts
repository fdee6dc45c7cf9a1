import type { Logger } from "pino";
import type { Stores, UserRecord } from "../../../proxy/index.ts";
import { guardProvider } from "./guard-provider.ts";
import type {
  ExternalPerson,
  GivenAnswers,
  OpenProvider,
  ReviewedPerson,
  ReviewResult,
  SignInChallenge,
  SignInContext,
} from "./providers/index.ts";
import type { PendingReview } from "./sign-in-steps.ts";

/** Who it is, as a provider says. */
export type IdentifiedPerson =
  | { readonly kind: "signedIn"; readonly user: UserRecord }
  | { readonly kind: "person"; readonly person: ExternalPerson };

/** A person on the way in. */
export interface KnownPerson {
  /** The provider that knows the person. */
  readonly open: OpenProvider;
  readonly identified: IdentifiedPerson;
  readonly byPasskey: boolean;
  readonly agreed: PendingReview["agreed"];
}

/** Of all who have to look. */
type ReviewVerdict =
  | { readonly kind: "agreed"; readonly agreed: PendingReview["agreed"] }
  /** `by` is the provider that asks, by its id. */
  | {
      readonly kind: "challenge";
      readonly by: string;
      readonly challenge: SignInChallenge;
      readonly agreed: PendingReview["agreed"];
    }
  | { readonly kind: "unavailable" }
  | { readonly kind: "refused" };

interface ReviewsContext {
  readonly providers: readonly OpenProvider[];
  readonly users: Pick<Stores["users"], "find" | "findBySubject">;
  readonly log: Logger;
}

/** Providers that look at people whom others know, in their order. One that says no, or nothing, lets nobody past. */
export class Reviews {
  readonly #context: ReviewsContext;

  constructor(context: ReviewsContext) {
    this.#context = context;
  }

  /** Asks those that have not agreed yet. */
  async ask(known: KnownPerson, password: string | null, context: SignInContext): Promise<ReviewVerdict> {
    const person = describePerson(known);
    let { agreed } = known;
    for (const open of this.#context.providers) {
      const { id } = open;
      if (Object.hasOwn(agreed, id) || !hasToLook(open, known.open)) continue;
      const result = await this.#guard(open, (review) => review?.begin(person, password, context));
      if (result.kind === "challenge")
        return { kind: "challenge", by: id, challenge: result.challenge, agreed };
      if (result.kind !== "agreed") return result;
      agreed = { ...agreed, [id]: result.groups };
    }
    return { kind: "agreed", agreed };
  }

  /** Goes on with the one that asked for more. */
  async proceed(
    by: OpenProvider,
    known: KnownPerson,
    { given, context }: { readonly given: GivenAnswers; readonly context: SignInContext },
  ): Promise<ReviewResult> {
    return this.#guard(by, (review) => review?.proceed(describePerson(known), given, context));
  }

  /** A person who waits for the answers to a challenge. */
  keep({ open, identified, byPasskey, agreed }: KnownPerson): PendingReview {
    return {
      provider: open.id,
      identified:
        identified.kind === "person"
          ? identified
          : { kind: "signedIn", userId: identified.user.id, byPasskey },
      agreed,
    };
  }

  /** The person again. Null: the provider or the account is no longer there. */
  async recall({ provider, identified, agreed }: PendingReview): Promise<KnownPerson | null> {
    const open = this.#context.providers.find(({ id }) => id === provider);
    if (open === undefined) return null;
    if (identified.kind === "person") return { open, identified, byPasskey: false, agreed };
    const user = await this.#context.users.find(identified.userId);
    const { byPasskey } = identified;
    return user && { open, identified: { kind: "signedIn", user }, byPasskey, agreed };
  }

  /** Null: the person has none yet. */
  async findAccount({ open, identified }: KnownPerson): Promise<UserRecord | null> {
    if (identified.kind === "signedIn") return identified.user;
    return this.#context.users.findBySubject(open.id, identified.person.subject);
  }

  #guard(
    open: OpenProvider,
    ask: (review: OpenProvider["provider"]["review"]) => Promise<ReviewResult> | undefined,
  ): Promise<ReviewResult> {
    return guardProvider<ReviewResult>(
      this.#context.log,
      open,
      async ({ review }) => (await ask(review)) ?? { kind: "refused" },
    );
  }
}

function hasToLook({ id, provider }: OpenProvider, knowing: OpenProvider): boolean {
  if (provider.review === undefined || id === knowing.id) return false;
  return provider.review.of?.includes(knowing.id) ?? true;
}

function describePerson({ open, identified, byPasskey }: KnownPerson): ReviewedPerson {
  const provider = open.id;
  if (identified.kind === "person") return { provider, byPasskey, ...identified.person };
  const { name, subject, email } = identified.user;
  return { provider, byPasskey, name, subject, email, groups: [] };
}
