import type { Logger } from "pino";
import { z } from "zod";
import { isPosternError } from "../../../protocol/index.ts";
import type { Proxy, UserRecord } from "../../../proxy/index.ts";
import { loginRequest, type SignInForm } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import type { AccountLinker } from "./account-linker.ts";
import type { PasswordThrottle, SignInAttempt } from "./password-throttle.ts";
import type {
  Answers,
  Credentials,
  OpenProvider,
  SignInContext,
  SignInProvider,
  SignInResult,
} from "./providers/index.ts";
import type { PendingSignIn, SignInStep, SignInSteps } from "./sign-in-steps.ts";

interface SignInDependencies {
  readonly providers: readonly OpenProvider[];
  readonly linker: Pick<AccountLinker, "link">;
  readonly steps: SignInSteps;
  readonly throttle: PasswordThrottle;
  readonly audit: Proxy["audit"];
  readonly log: Logger;
}

/** The person is known, or more is asked for. */
export type SignInOutcome =
  | { readonly kind: "account"; readonly user: UserRecord; readonly provider: string }
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
    this.form = mergeForms(services.providers.map(({ provider }) => provider.form));
    this.request = describeRequest(this.form);
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
    return this.#judge(answer, { name: credentials.name, context, attempt, stepId: null });
  }

  /**
   * Goes on with a sign-in that asked for more.
   * @throws RequestError `LOGIN_STEP_GONE`, `LOGIN_REFUSED`
   */
  async proceed(stepId: string, answers: Answers, context: SignInContext): Promise<SignInOutcome> {
    const { steps, providers } = this.#services;
    const pending = await steps.try(stepId);
    const open = providers.find(({ id }) => id === pending?.provider);
    if (pending === null || open?.provider.proceed === undefined) throw refuse("LOGIN_STEP_GONE");
    const attempt = attemptOf(pending.name, context);
    this.#beginAttempt(attempt, context);
    const result = await this.#guard(open, (provider) => provider.proceed?.(pending.state, answers, context));
    return this.#judge({ open, result }, { name: pending.name, context, attempt, stepId });
  }

  async #judge(answer: ProviderResult | null, about: AttemptInProgress): Promise<SignInOutcome> {
    const { steps, throttle } = this.#services;
    const { name, context, attempt, stepId } = about;
    const result = answer?.result ?? { kind: "unknownPerson" };
    if (answer === null || result.kind === "unknownPerson")
      throw this.#refuse("LOGIN_REFUSED", context, null);
    if (result.kind === "unavailable") throw this.#refuse("LOGIN_UNAVAILABLE", context, null);
    if (result.kind === "refused") throw this.#refuse("LOGIN_REFUSED", context, result.user);
    if (stepId !== null && !(await steps.take(stepId))) throw refuse("LOGIN_STEP_GONE");
    if (result.kind === "challenge") {
      const { form, state } = result.challenge;
      return { kind: "step", step: await this.#openStep({ provider: answer.open.id, name, state }, form) };
    }
    const user = await this.#findAccount(answer.open, result, context);
    throttle.succeed(attempt);
    return { kind: "account", user, provider: answer.open.id };
  }

  async #findAccount(
    { id, admission }: OpenProvider,
    result: Extract<SignInResult, { kind: "signedIn" | "person" }>,
    context: SignInContext,
  ): Promise<UserRecord> {
    if (result.kind === "signedIn") {
      if (result.user.disabledAt !== null) throw this.#refuse("LOGIN_REFUSED", context, result.user);
      return result.user;
    }
    const linked = await this.#services.linker.link(id, admission, result.person);
    if (linked.kind === "account") return linked.user;
    throw this.#refuse(linked.reason, context, linked.user);
  }

  async #openStep(pending: PendingSignIn, form: SignInForm): Promise<SignInStep> {
    return { id: await this.#services.steps.open(pending), form };
  }

  /** The first provider that knows the person. Where none does, one that could not be asked has the last word. */
  async #askProviders(credentials: Credentials, context: SignInContext): Promise<ProviderResult | null> {
    let silent: ProviderResult | null = null;
    // Some directories take an empty password for no sign-in at all, and say yes.
    if (credentials.password === "") return null;
    for (const open of this.#services.providers) {
      if (open.provider.signIn === undefined) continue;
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
    return refuse(reason === "LOGIN_UNAVAILABLE" ? reason : "LOGIN_REFUSED");
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

interface AttemptInProgress {
  readonly name: string;
  readonly context: SignInContext;
  readonly attempt: SignInAttempt;
  /** Null: this is the first step. */
  readonly stepId: string | null;
}

function attemptOf(name: string, { source, device = null }: SignInContext): SignInAttempt {
  return { address: source?.address ?? "socket", account: name, device };
}

/** Each field once, all links, and one button that submits. */
function mergeForms(forms: readonly SignInForm[]): SignInForm {
  const fields = forms.flatMap((form) => form.fields);
  const buttons = forms.flatMap((form) => form.buttons);
  const submit = buttons.find(({ href }) => href === null);
  return {
    fields: fields.filter((field, index) => fields.findIndex(({ name }) => name === field.name) === index),
    buttons: buttons.filter((button) => button.href !== null || button === submit),
  };
}

/** Name and password are always there; fields that only some providers know may be absent. */
function describeRequest({ fields }: SignInForm): z.ZodType<Credentials> {
  const further = fields.filter(({ name }) => !(name in loginRequest.shape));
  const shape = further.map(({ name, maxLength }) => [name, z.string().max(maxLength).optional()] as const);
  return loginRequest.and(z.object(Object.fromEntries(shape)));
}
