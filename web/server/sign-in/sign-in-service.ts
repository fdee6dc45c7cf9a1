import type { Logger } from "pino";
import { z } from "zod";
import { isPosternError } from "../../../protocol/index.ts";
import { LOCAL_PROVIDER, type Proxy, type UserRecord } from "../../../proxy/index.ts";
import { loginRequest, type PasskeyOptions, type PasskeyProof, type SignInForm } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
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
import type { PendingSignIn, SignInStep, SignInSteps } from "./sign-in-steps.ts";

interface SignInDependencies {
  readonly providers: readonly OpenProvider[];
  readonly linker: Pick<AccountLinker, "link" | "judgeOwn">;
  readonly steps: SignInSteps;
  readonly factors: Pick<SecondFactors, "identify" | "describeSignIn" | "passkeysAvailable">;
  readonly gate: Pick<FactorGate, "begin" | "proceed">;
  readonly throttle: PasswordThrottle;
  /** Whether people may ask for accounts; absent: no. */
  readonly signUp?: boolean;
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

  constructor(services: SignInDependencies) {
    this.#services = services;
    const providers = services.providers.map(({ provider }) => provider);
    const merged = mergeForms(providers.map((provider) => provider.form));
    const form = services.signUp === true ? { ...merged, signUp: true } : merged;
    this.form = services.factors.passkeysAvailable ? offerPasskeys(form) : form;
    const passwordMayBeEmpty = providers.some(({ withoutPassword }) => withoutPassword === true);
    this.request = describeRequest(this.form, passwordMayBeEmpty);
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
    const answer = await this.#askProviders(credentials, context);
    return this.#judge(answer, { name: credentials.name, context, attempt, stepId: null, attempts: 0 });
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
    if (pending === null || open?.provider.proceed === undefined) throw refuse("LOGIN_STEP_GONE");
    const attempt = attemptOf(pending.name, context);
    this.#beginAttempt(attempt, context);
    const result = await this.#guard(open, (provider) => provider.proceed?.(pending.state, answers, context));
    const { name, attempts = 0 } = pending;
    return this.#judge({ open, result }, { name, context, attempt, stepId, attempts });
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
    if (open?.admission.passkeyAlone ?? open?.kind === LOCAL_PROVIDER)
      return { kind: "account", user, provider: "passkey" };
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
    const { name, context, attempt, stepId, attempts } = about;
    const result = answer?.result ?? { kind: "unknownPerson" };
    if (answer === null || result.kind === "unknownPerson")
      throw this.#refuse("LOGIN_REFUSED", context, null);
    if (result.kind === "unavailable") throw this.#refuse("LOGIN_UNAVAILABLE", context, null);
    if (result.kind === "refused") throw this.#refuse(result.code ?? "LOGIN_REFUSED", context, result.user);
    if (stepId !== null && !(await steps.take(stepId))) throw refuse("LOGIN_STEP_GONE");
    if (result.kind === "challenge") {
      const { form, state } = result.challenge;
      const pending = { provider: answer.open.id, name, state, attempts: attempts + 1 };
      return { kind: "step", step: await this.#openStep(pending, form) };
    }
    const outcome = await this.conclude(answer.open, result, context);
    throttle.succeed(attempt, attempts + 1);
    return outcome;
  }

  /**
   * What follows once a provider has said who it is: the account, and a second factor where one is asked for.
   * @param session where the person comes back from another site
   * @throws RequestError `LOGIN_REFUSED` who may not enter
   */
  async conclude(
    open: OpenProvider,
    result: IdentifiedPerson,
    context: SignInContext,
    session?: ProviderSession,
  ): Promise<SignInOutcome> {
    const user = await this.#findAccount(open, result, context);
    const more = await this.#services.gate.begin(user, open);
    if (more !== null) return this.#askFactor(user.name, more, session);
    return { kind: "account", user, provider: open.id, ...(session && { session }) };
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
    { id, admission }: OpenProvider,
    result: IdentifiedPerson,
    context: SignInContext,
  ): Promise<UserRecord> {
    if (result.kind === "signedIn") {
      if (result.user.disabledAt !== null) throw this.#refuse("LOGIN_REFUSED", context, result.user);
      const refused = await this.#services.linker.judgeOwn(result.user, admission);
      if (refused !== null) throw this.#refuse(refused, context, result.user);
      return result.user;
    }
    const linked = await this.#services.linker.link(id, admission, result.person);
    if (linked.kind === "account") return linked.user;
    throw this.#refuse(linked.reason, context, linked.user);
  }

  async #openStep(pending: PendingSignIn, form: SignInForm): Promise<SignInStep> {
    return { id: await this.#services.steps.open({ ...pending, form }), form };
  }

  /** The first provider that knows the person. Where none does, one that could not be asked has the last word. */
  async #askProviders(credentials: Credentials, context: SignInContext): Promise<ProviderResult | null> {
    let silent: ProviderResult | null = null;
    // Some directories take an empty password for no sign-in at all, and say yes.
    const withoutPassword = credentials.password === "";
    for (const open of this.#services.providers) {
      if (open.provider.signIn === undefined) continue;
      if ((open.provider.withoutPassword ?? false) !== withoutPassword) continue;
      if (context.via === "viewer" && !open.admission.viewers) continue;
      const result = await this.#guard(open, (provider) => provider.signIn?.(credentials, context));
      if (result.kind === "unavailable") silent ??= { open, result };
      else if (result.kind !== "unknownPerson") return { open, result };
    }
    return silent;
  }

  /** A provider that fails is one that cannot be asked; why is in the log alone. */
  async #guard(
    { id, provider }: OpenProvider,
    ask: (provider: SignInProvider) => Promise<SignInResult> | undefined,
  ): Promise<SignInResult> {
    const { log } = this.#services;
    try {
      const result = (await ask(provider)) ?? { kind: "unknownPerson" };
      if (result.kind === "unavailable")
        log.warn(
          { event: "sign-in.unavailable", provider: id, reason: result.reason },
          "a sign-in provider cannot be asked",
        );
      return result;
    } catch (error) {
      if (isPosternError(error)) throw error;
      log.error({ event: "sign-in.fault", provider: id, err: error }, "a sign-in provider failed");
      return { kind: "unavailable", reason: "fault" };
    }
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

type IdentifiedPerson = Extract<SignInResult, { kind: "signedIn" | "person" }>;

interface AttemptInProgress {
  readonly name: string;
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

/** Each field once, as long as the longest; all links, and one button that submits the same fields. */
function mergeForms(forms: readonly SignInForm[]): SignInForm {
  const fields = forms.flatMap((form) => form.fields);
  const buttons = forms.flatMap((form) => form.buttons);
  return {
    fields: fields.filter(isFirst(({ name }) => name)).map((field) => {
      const same = fields.filter(({ name }) => name === field.name);
      return { ...field, maxLength: Math.max(...same.map(({ maxLength }) => maxLength)) };
    }),
    buttons: buttons.filter(isFirst(({ href, without = [] }) => href ?? JSON.stringify(without))),
  };
}

/** For `filter`: the first of those that share a key. */
function isFirst<T>(keyOf: (item: T) => string) {
  return (item: T, index: number, all: readonly T[]): boolean =>
    all.findIndex((other) => keyOf(other) === keyOf(item)) === index;
}

/** Name and password are always there; fields that only some providers know may be absent. */
function describeRequest({ fields }: SignInForm, passwordMayBeEmpty: boolean): z.ZodType<Credentials> {
  const { name, password } = loginRequest.shape;
  const longest = fields.find((field) => field.name === "name")?.maxLength ?? 0;
  const further = fields.filter((field) => !(field.name in loginRequest.shape));
  const shape = further.map((field) => [field.name, z.string().max(field.maxLength).optional()] as const);
  return z
    .object({
      name: z
        .string()
        .min(1)
        .max(Math.max(name.maxLength ?? 0, longest)),
      password: passwordMayBeEmpty ? password.or(z.literal("")).default("") : password,
    })
    .and(z.object(Object.fromEntries(shape)));
}

/** Browsers offer passkeys on the field of the name. */
function offerPasskeys(form: SignInForm): SignInForm {
  const fields = form.fields.map((field) =>
    field.autocomplete === "username" ? { ...field, autocomplete: "username webauthn" } : field,
  );
  return { ...form, fields, passkey: { use: "alone" } };
}
