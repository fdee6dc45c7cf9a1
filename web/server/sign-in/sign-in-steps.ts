import type { Clock } from "../../../protocol/index.ts";
import { generateSecret, hashSecret, type SignInStepStore } from "../../../proxy/index.ts";
import type { SignInForm } from "../../api/schemas.ts";
import type { ExternalPerson, ProviderSession } from "./providers/index.ts";

const STEP_MS = 600_000;
/** Answers to one question. */
export const MAX_TRIES = 5;
const ID_FORM = /^[\w-]{43}$/;

/** Somebody who is known, and whom not everybody has looked at who has to. */
export interface PendingReview {
  /** The provider that knows the person, by its id. */
  readonly provider: string;
  readonly identified:
    | { readonly kind: "person"; readonly person: ExternalPerson }
    | { readonly kind: "signedIn"; readonly userId: string; readonly byPasskey: boolean };
  /** The groups of those who have agreed, by their ids. */
  readonly agreed: Readonly<Record<string, readonly string[]>>;
}

/** What a sign-in that needs more has found so far. */
export interface PendingSignIn {
  /** Whose turn it is: a provider's id. */
  readonly provider: string;
  /** What was typed as the name; empty: nothing yet. */
  readonly name: string;
  readonly state: unknown;
  /** Attempts that were right so far: the throttle counted each. Absent: none. */
  readonly attempts?: number;
  /** What the page shows; absent where the person is on another site. */
  readonly form?: SignInForm;
  /** The session at another service that it comes from. */
  readonly session?: ProviderSession;
  /** The provider whose turn it is looks at somebody whom another one knows. */
  readonly review?: PendingReview;
}

/** What the page gets: it comes back with `id` and the answers. */
export interface SignInStep {
  readonly id: string;
  readonly form: SignInForm;
}

/** Sign-ins that take more than one step: kept sealed by the server, so any server of the database goes on with them. */
export class SignInSteps {
  readonly #store: SignInStepStore;
  readonly #clock: Clock;

  constructor(store: SignInStepStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @param id 256 random bits that nobody knows yet, see {@link makeStepId} */
  async open(pending: PendingSignIn, id = makeStepId()): Promise<string> {
    await this.#store.create(hashSecret(id), JSON.stringify(pending), this.#clock.now() + STEP_MS);
    return id;
  }

  /** Counts a try. Null: unknown, too old, or tried too often. */
  async try(id: string): Promise<PendingSignIn | null> {
    if (!ID_FORM.test(id)) return null;
    const value = await this.#store.try(hashSecret(id), this.#clock.now(), MAX_TRIES);
    // It was sealed by this server, or one of its database.
    return value === null ? null : (JSON.parse(value) as PendingSignIn);
  }

  /** Whether something that must count once has not been used yet. @param what unique among all that is used */
  useOnce(what: string, forMs: number): Promise<boolean> {
    return this.#store.useOnce(hashSecret(`once ${what}`), this.#clock.now() + forMs);
  }

  /** Of any number of right answers at once, one counts. */
  take(id: string): Promise<boolean> {
    return this.#store.take(hashSecret(id));
  }
}

export function makeStepId(): string {
  return generateSecret();
}
