import { z } from "zod";
import type { Proxy, UserRecord } from "../../../proxy/index.ts";
import { loginRequest, type SignInForm } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import type { PasswordThrottle } from "./password-throttle.ts";
import type { Credentials, SignInContext, SignInProvider, SignInResult } from "./providers/index.ts";

interface SignInDependencies {
  readonly providers: readonly SignInProvider[];
  readonly throttle: PasswordThrottle;
  readonly audit: Proxy["audit"];
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
    this.form = mergeForms(services.providers.map(({ form }) => form));
    this.request = describeRequest(this.form);
  }

  /**
   * The person's account. The caller opens the login and records the success.
   * @throws ThrottledError `LOGIN_THROTTLED`
   * @throws RequestError `LOGIN_REFUSED`, the same for an unknown name, a wrong password and a disabled account
   */
  async authenticate(credentials: Credentials, context: SignInContext): Promise<UserRecord> {
    const { throttle } = this.#services;
    const { source, device = null } = context;
    const attempt = { address: source?.address ?? "socket", account: credentials.name, device };
    try {
      throttle.begin(attempt);
    } catch (error) {
      this.#auditFailure("LOGIN_THROTTLED", context, null);
      throw error;
    }
    const result = await this.#askProviders(credentials, context);
    if (result.kind !== "signedIn" || result.user.disabledAt !== null) {
      this.#auditFailure("LOGIN_REFUSED", context, result.kind === "unknownPerson" ? null : result.user);
      throw refuse("LOGIN_REFUSED");
    }
    throttle.succeed(attempt);
    return result.user;
  }

  async #askProviders(credentials: Credentials, context: SignInContext): Promise<SignInResult> {
    for (const provider of this.#services.providers) {
      const result = await provider.signIn(credentials, context);
      if (result.kind !== "unknownPerson") return result;
    }
    return { kind: "unknownPerson" };
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
