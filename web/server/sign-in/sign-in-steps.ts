import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../../protocol/index.ts";
import type { SignInStepStore } from "../../../proxy/index.ts";
import type { SignInForm } from "../../api/schemas.ts";

const STEP_MS = 600_000;
/** Answers to one question. */
export const MAX_TRIES = 5;
const ID_FORM = /^[\w-]{43}$/;

/** What a sign-in that needs more has found so far. */
export interface PendingSignIn {
  /** Whose turn it is: a provider's id. */
  readonly provider: string;
  /** What was typed as the name; empty: nothing yet. */
  readonly name: string;
  readonly state: unknown;
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

  async open(pending: PendingSignIn): Promise<string> {
    const id = randomBytes(32).toString("base64url");
    await this.#store.create(hash(id), JSON.stringify(pending), this.#clock.now() + STEP_MS);
    return id;
  }

  /** Counts a try. Null: unknown, too old, or tried too often. */
  async try(id: string): Promise<PendingSignIn | null> {
    if (!ID_FORM.test(id)) return null;
    const value = await this.#store.try(hash(id), this.#clock.now(), MAX_TRIES);
    // It was sealed by this server, or one of its database.
    return value === null ? null : (JSON.parse(value) as PendingSignIn);
  }

  /** Of any number of right answers at once, one counts. */
  take(id: string): Promise<boolean> {
    return this.#store.take(hash(id));
  }
}

function hash(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
