import type { Logger } from "pino";
import type { z } from "zod";
import { LOCAL_PROVIDER, type Proxy, type Stores, type UserRecord } from "../../../proxy/index.ts";
import type { PasskeyOptions, PasskeyProof, SignInForm } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { fits, joinForms } from "./first-form.ts";
import { guardProvider } from "./guard-provider.ts";
import type { AccountLinker } from "./account-linker.ts";
import { FACTOR_STEP, type FactorGate } from "./factors/factor-gate.ts";
import { locatePasskey } from "./factors/passkeys.ts";
import type { SecondFactors } from "./factors/second-factors.ts";
import type { PasswordThrottle, SignInAttempt } from "./password-throttle.ts";
import type {
  Answers,
  Credentials,
  OpenProvider,
  ProviderSession,
  SignInChallenge,
  SignInContext,
  SignInProvider,
  SignInResult,
} from "./providers/index.ts";
import { Reviews, type IdentifiedPerson, type KnownPerson } from "./reviews.ts";
import type { SignUps } from "./sign-ups.ts";
import type { PendingReview, PendingSignIn, SignInStep, SignInSteps } from "./sign-in-steps.ts";

/** In the place of a device: strangers' attempts at a name do not count for who has passed its password. */
const REVIEW_STEP = "review";

interface SignInDependencies {
  readonly providers: readonly OpenProvider[];
  readonly linker: Pick<AccountLinker, "link" | "judgeOwn" | "keepGroups">;
  /** Finds the account again of a sign-in that waited. */
  readonly users: Pick<Stores["users"], "find" | "findBySubject">;
  readonly steps: SignInSteps;
  readonly factors: Pick<SecondFactors, "identify" | "describeSignIn" | "passkeysAvailable">;
  readonly gate: Pick<FactorGate, "begin" | "proceed">;
  readonly throttle: PasswordThrottle;
  /** People who ask for accounts; absent: they may not. */
  readonly signUps?: Pick<SignUps, "isWaiting">;
  readonly audit: Proxy["audit"];
  readonly log: Logger;
}

/** The person is known, or more is asked for. */
export type SignInOutcome =
  | {
      readonly kind: "account";
      readonly user: UserRecord;
      readonly provider: string;
      /** The session at another service that it comes from; absent: none. */
      readonly session?: ProviderSession;
    }
  | { readonly kind: "step"; readonly step: SignInStep };

/** What a provider says, and which one. */
interface ProviderResult {
  readonly open: OpenProvider;
  readonly result: SignInResult;
}

/** Finds out who a person is: asks the providers in turn, slows guessing, records every failure. */
export class SignInService {
  /** What the page shows for all providers together. */
  readonly form: SignInForm;
  /** Checks what the page sends. */
  readonly request: z.ZodType<Credentials>;
  readonly #services: SignInDependencies;
  readonly #reviews: Reviews;

  constructor(services: SignInDependencies) {
    this.#services = services;
    this.#reviews = new Reviews(services);
    const providers = services.providers.map(({ provider }) => provider);
    const offers = { passkeys: services.factors.passkeysAvailable, signUp: services.signUps !== undefined };
    ({ form: this.form, request: this.request } = joinForms(providers, offers));
  }

  /**
   * Asks the providers by name and password. The caller opens the login and records the success.
   * @throws ThrottledError `LOGIN_THROTTLED`
   * @throws RequestError `LOGIN_REFUSED`, the same for an unknown name, a wrong password and a disabled account;
   * `LOGIN_UNAVAILABLE` where a service that may know the person cannot be asked
   */
  async authenticate(credentials: Credentials, context: SignInContext): Promise<SignInOutcome> {
    const attempt = attemptOf(credentials.name, context);
    this.#beginAttempt(attempt, context);
    const familiarity = this.#services.throttle.knows(attempt) ? "known" : "stranger";
    const answer = await this.#askProviders(credentials, { ...context, familiarity });
    const { name, password } = credentials;
    // Whichever provider said no: nobody learns by asking for an account which names are taken, or where.
    const isLost =
      answer === null || answer.result.kind === "refused" || answer.result.kind === "unavailable";
    if (
      isLost &&
      password !== "" &&
      (await this.#services.signUps?.isWaiting(credentials, familiarity)) === true
    )
      throw this.#refuse("ACCOUNT_REQUESTED", context, null);
    return this.#judge(answer, { name, password, context, attempt, stepId: null, attempts: 0 });
  }

  /**
   * Goes on with a sign-in that asked for more.
   * @throws RequestError `LOGIN_STEP_GONE`, `LOGIN_REFUSED`
   */
  async proceed(stepId: string, answers: Answers, context: SignInContext): Promise<SignInOutcome> {
    const { steps, providers } = this.#services;
    const pending = await steps.try(stepId);
    if (pending?.provider === FACTOR_STEP) return this.#proceedFactor(pending, stepId, answers, context);
    const open = providers.find(({ id }) => id === pending?.provider);
    if (pending?.review !== undefined && open?.provider.review !== undefined)
      return this.#proceedReview(open, { ...pending, review: pending.review }, { stepId, answers, context });
    if (pending === null || open?.provider.proceed === undefined) throw refuse("LOGIN_STEP_GONE");
    const attempt = attemptOf(pending.name, context);
    this.#beginAttempt(attempt, context);
    const result = await this.#guard(open, (provider) => provider.proceed?.(pending.state, answers, context));
    const { name, attempts = 0 } = pending;
    return this.#judge({ open, result }, { name, password: null, context, attempt, stepId, attempts });
  }

  /** What the browser is asked where a passkey is all. @throws RequestError `PASSKEY_HOST` */
  describePasskey(): Promise<PasskeyOptions> {
    return this.#services.factors.describeSignIn();
  }

  /**
   * Lets somebody in by a passkey alone, which proves possession and the person.
   * @throws RequestError `PASSKEY_REFUSED`, `PASSKEY_SECOND`, `PASSKEY_HOST`; ThrottledError `LOGIN_THROTTLED`
   */
  async authenticateByPasskey(proof: PasskeyProof, context: SignInContext): Promise<SignInOutcome> {
    const { factors, providers, throttle } = this.#services;
    const attempt = attemptOf(locatePasskey(proof.id), context);
    this.#beginAttempt(attempt, context);
    const { user, check } = await factors.identify(proof, context.source);
    if (user === null || check.kind === "wrong" || user.disabledAt !== null) {
      this.#auditFailure(check.kind === "wrong" ? check.reason : "USER_DISABLED", context, user);
      throw refuse("PASSKEY_REFUSED");
    }
    throttle.succeed(attempt);
    const open = providers.find(({ id }) => id === user.provider);
    if (open !== undefined && (open.admission.passkeyAlone ?? open.kind === LOCAL_PROVIDER)) {
      const known = { open, identified: { kind: "signedIn", user }, byPasskey: true, agreed: {} } as const;
      return this.#review(known, { password: null, context });
    }
    this.#auditFailure("PASSKEY_SECOND", context, user);
    throw refuse("PASSKEY_SECOND");
  }

  async #proceedFactor(
    { name, state, session }: PendingSignIn,
    stepId: string,
    answers: Answers,
    context: SignInContext,
  ): Promise<SignInOutcome> {
    const { gate, steps, throttle } = this.#services;
    // Only who has the password comes as far as this: strangers' attempts at the name do not count here.
    const attempt = attemptOf(name, { ...context, device: FACTOR_STEP });
    this.#beginAttempt(attempt, context);
    const result = await gate.proceed(state, answers, context);
    if (result.kind === "refused") {
      this.#auditFailure(result.reason, context, result.user);
      throw refuse(result.code);
    }
    if (!(await steps.take(stepId))) throw refuse("LOGIN_STEP_GONE");
    throttle.succeed(attempt);
    const more = await result.finish();
    if (more !== null) return this.#askFactor(name, more, session);
    const { user, provider } = result;
    return { kind: "account", user, provider, ...(session && { session }) };
  }

  async #askFactor(
    name: string,
    { form, state }: SignInChallenge,
    session: ProviderSession | undefined,
  ): Promise<SignInOutcome> {
    const pending = { provider: FACTOR_STEP, name, state, ...(session && { session }) };
    return { kind: "step", step: await this.#openStep(pending, form) };
  }

  async #judge(answer: ProviderResult | null, about: AttemptInProgress): Promise<SignInOutcome> {
    const { steps, throttle } = this.#services;
    const { name, password, context, attempt, stepId, attempts } = about;
    const result = answer?.result ?? { kind: "unknownPerson" };
    if (answer === null || result.kind === "unknownPerson")
      throw this.#refuse("LOGIN_REFUSED", context, null);
    if (result.kind === "unavailable") throw this.#refuse("LOGIN_UNAVAILABLE", context, null);
    if (result.kind === "refused") throw this.#refuse("LOGIN_REFUSED", context, result.user);
    if (stepId !== null && !(await steps.take(stepId))) throw refuse("LOGIN_STEP_GONE");
    if (result.kind === "challenge") {
      const { form, state } = result.challenge;
      const pending = { provider: answer.open.id, name, state, attempts: attempts + 1 };
      return { kind: "step", step: await this.#openStep(pending, form) };
    }
    const outcome = await this.conclude(answer.open, result, { context, password });
    throttle.succeed(attempt, attempts + 1);
    return outcome;
  }

  /**
   * What follows once a provider has said who it is: others look at the person, then the account, and a second factor where one is
   * asked for.
   * @throws RequestError `LOGIN_REFUSED` who may not enter
   */
  conclude(open: OpenProvider, identified: IdentifiedPerson, about: Concluding): Promise<SignInOutcome> {
    return this.#review({ open, identified, byPasskey: false, agreed: {} }, about);
  }

  async #review(known: KnownPerson, about: Concluding): Promise<SignInOutcome> {
    const { context, password } = about;
    const { identified } = known;
    if (identified.kind === "signedIn" && identified.user.disabledAt !== null)
      throw this.#refuse("LOGIN_REFUSED", context, identified.user);
    const verdict = await this.#reviews.ask(known, password, context);
    if (verdict.kind === "agreed") return this.#enter({ ...known, agreed: verdict.agreed }, about);
    if (verdict.kind === "challenge")
      return this.#askReview({ ...known, agreed: verdict.agreed }, verdict, about.session);
    throw await this.#refuseReview(verdict.kind, known, context);
  }

  /** Nobody has an objection. */
  async #enter(known: KnownPerson, { context, session }: Concluding): Promise<SignInOutcome> {
    const { open, identified, byPasskey } = known;
    if (byPasskey && identified.kind === "signedIn")
      return this.#enterByPasskey(identified.user, known, context);
    const user = await this.#findAccount(known, context);
    // One person's factor must not shut out all others.
    const more = open.provider.shared === true ? null : await this.#services.gate.begin(user, open);
    if (more !== null) return this.#askFactor(user.name, more, session);
    return { kind: "account", user, provider: open.id, ...(session && { session }) };
  }

  async #enterByPasskey(
    user: UserRecord,
    { open: { kind, admission }, agreed }: KnownPerson,
    context: SignInContext,
  ): Promise<SignInOutcome> {
    const { linker } = this.#services;
    // Of another service nobody knows here which groups it names; `passkeyAlone` said that it is not asked.
    const { allowGroups: _unknown, ...named } = admission;
    const refused = await linker.judgeOwn(user, kind === LOCAL_PROVIDER ? admission : named, agreed);
    if (refused !== null) throw this.#refuse(refused, context, user);
    await linker.keepGroups(user, agreed);
    return { kind: "account", user, provider: "passkey" };
  }

  async #askReview(
    known: KnownPerson,
    { by, challenge }: { readonly by: string; readonly challenge: SignInChallenge },
    session: ProviderSession | undefined,
  ): Promise<SignInOutcome> {
    const { identified } = known;
    const { name } = identified.kind === "person" ? identified.person : identified.user;
    const review = this.#reviews.keep(known);
    const pending = { provider: by, name, state: challenge.state, review, ...(session && { session }) };
    return { kind: "step", step: await this.#openStep(pending, challenge.form) };
  }

  async #proceedReview(
    by: OpenProvider,
    pending: PendingSignIn & { readonly review: PendingReview },
    { stepId, answers, context }: GivenStep,
  ): Promise<SignInOutcome> {
    const { steps, throttle } = this.#services;
    const { name, state, session } = pending;
    const attempt = attemptOf(name, { ...context, device: REVIEW_STEP });
    this.#beginAttempt(attempt, context);
    const known = await this.#reviews.recall(pending.review);
    if (known === null) throw refuse("LOGIN_STEP_GONE");
    const result = await this.#reviews.proceed(by, known, { given: { state, answers }, context });
    if (result.kind === "refused" || result.kind === "unavailable")
      throw await this.#refuseReview(result.kind, known, context);
    if (!(await steps.take(stepId))) throw refuse("LOGIN_STEP_GONE");
    throttle.succeed(attempt);
    if (result.kind === "challenge")
      return this.#askReview(known, { by: by.id, challenge: result.challenge }, session);
    const agreed = { ...known.agreed, [by.id]: result.groups };
    return this.#review({ ...known, agreed }, { context, password: null, ...(session && { session }) });
  }

  async #refuseReview(
    kind: "refused" | "unavailable",
    known: KnownPerson,
    context: SignInContext,
  ): Promise<Error> {
    const user = await this.#reviews.findAccount(known);
    return this.#refuse(kind === "unavailable" ? "LOGIN_UNAVAILABLE" : "REVIEW_REFUSED", context, user);
  }

  /**
   * What a step shows, for a page that has only its id. It counts as a try.
   * @throws RequestError `LOGIN_STEP_GONE`
   */
  async showStep(id: string): Promise<SignInStep> {
    const { form } = (await this.#services.steps.try(id)) ?? {};
    if (form === undefined) throw refuse("LOGIN_STEP_GONE");
    return { id, form };
  }

  async #findAccount(
    { open: { id, admission }, identified, agreed }: KnownPerson,
    context: SignInContext,
  ): Promise<UserRecord> {
    const { linker } = this.#services;
    if (identified.kind === "signedIn") {
      const { user } = identified;
      const refused = await linker.judgeOwn(user, admission, agreed);
      if (refused !== null) throw this.#refuse(refused, context, user);
      await linker.keepGroups(user, agreed);
      return user;
    }
    const linked = await linker.link(id, admission, { ...identified.person, agreed });
    if (linked.kind === "account") return linked.user;
    throw this.#refuse(linked.reason, context, linked.user);
  }

  async #openStep(pending: PendingSignIn, form: SignInForm): Promise<SignInStep> {
    return { id: await this.#services.steps.open({ ...pending, form }), form };
  }

  /** The first provider that knows the person. Where none does, one that could not be asked has the last word. */
  async #askProviders(credentials: Credentials, context: SignInContext): Promise<ProviderResult | null> {
    let silent: ProviderResult | null = null;
    for (const open of this.#services.providers) {
      if (open.provider.signIn === undefined || !fits(open.provider, credentials)) continue;
      if (context.via === "viewer" && !open.admission.viewers) continue;
      const result = await this.#guard(open, (provider) => provider.signIn?.(credentials, context));
      if (result.kind === "unavailable") silent ??= { open, result };
      else if (result.kind !== "unknownPerson") return { open, result };
    }
    return silent;
  }

  #guard(
    open: OpenProvider,
    ask: (provider: SignInProvider) => Promise<SignInResult> | undefined,
  ): Promise<SignInResult> {
    const orUnknown = async (provider: SignInProvider): Promise<SignInResult> =>
      (await ask(provider)) ?? { kind: "unknownPerson" };
    return guardProvider(this.#services.log, open, orUnknown);
  }

  #beginAttempt(attempt: SignInAttempt, context: SignInContext): void {
    try {
      this.#services.throttle.begin(attempt);
    } catch (error) {
      this.#auditFailure("LOGIN_THROTTLED", context, null);
      throw error;
    }
  }

  /** The audit log knows why; the person at the page learns the same for all that concerns a name. */
  #refuse(reason: string, context: SignInContext, user: UserRecord | null): Error {
    this.#auditFailure(reason, context, user);
    const isTold = reason === "LOGIN_UNAVAILABLE" || reason === "ACCOUNT_REQUESTED";
    return refuse(isTold ? reason : "LOGIN_REFUSED");
  }

  #auditFailure(reason: string, { source }: SignInContext, user: UserRecord | null): void {
    this.#services.audit({
      action: "login.failure",
      outcome: "failure",
      reason,
      ...(source && { source }),
      ...(user && { actor: user.id, actorName: user.name }),
    });
  }
}

interface Concluding {
  readonly context: SignInContext;
  /** As it was typed; null: there was none, or it was not kept. */
  readonly password: string | null;
  /** Where the person comes back from another site. */
  readonly session?: ProviderSession;
}

interface GivenStep {
  readonly stepId: string;
  readonly answers: Answers;
  readonly context: SignInContext;
}

interface AttemptInProgress {
  readonly name: string;
  readonly password: string | null;
  readonly context: SignInContext;
  readonly attempt: SignInAttempt;
  /** Null: this is the first step. */
  readonly stepId: string | null;
  /** Steps that were right before. */
  readonly attempts: number;
}

function attemptOf(name: string, { source, device = null }: SignInContext): SignInAttempt {
  return { address: source?.address ?? "socket", account: name, device };
}
