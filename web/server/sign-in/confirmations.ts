import type { Clock } from "../../../protocol/index.ts";
import type { AuditEntry, FactorKind, LoginRecord, Proxy, Stores, UserRecord } from "../../../proxy/index.ts";
import type { ConfirmForm } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { askForFactor, SIGN_IN_ANEW } from "./factors/factor-forms.ts";
import type { SecondFactors } from "./factors/second-factors.ts";
import { CONFIRMED_MS } from "./logins.ts";
import type { PasswordThrottle } from "./password-throttle.ts";
import type { Answers, OpenProvider, SignInContext } from "./providers/index.ts";

const PURPOSE = "confirm";

interface ConfirmationsContext {
  readonly providers: readonly OpenProvider[];
  readonly factors: SecondFactors;
  readonly throttle: PasswordThrottle;
  readonly logins: Stores["logins"];
  readonly proxy: Pick<Proxy, "audit" | "auditDurably">;
  readonly clock: Clock;
}

interface ConfirmingPerson {
  readonly user: UserRecord;
  readonly loginHash: string;
}

/** Before what is critical: whoever finds a browser open must not get further than its owner left it. */
export class Confirmations {
  readonly #context: ConfirmationsContext;

  constructor(context: ConfirmationsContext) {
    this.#context = context;
  }

  /** What this person is asked. */
  async describe(user: UserRecord, login: LoginRecord | null): Promise<ConfirmForm> {
    const until = login === null ? null : login.confirmedAt + CONFIRMED_MS;
    const confirmedUntil = until !== null && until > this.#context.clock.now() ? until : null;
    const askable = await this.#context.factors.listAskable(user, PURPOSE);
    const password = this.#findPasswordProvider(user) !== undefined;
    if (askable === null && !password) return { confirmedUntil, form: SIGN_IN_ANEW };
    const form = askForFactor(askable ?? { totp: false, recovery: false, passkey: null }, password);
    return { confirmedUntil, form };
  }

  /** @throws RequestError `PASSWORD_WRONG`, `FACTOR_WRONG`, `PASSKEY_REFUSED`, `LOGIN_UNAVAILABLE`; ThrottledError `LOGIN_THROTTLED` */
  async confirm(person: ConfirmingPerson, answers: Answers, context: SignInContext): Promise<void> {
    const { throttle, proxy, logins, clock } = this.#context;
    const { user, loginHash } = person;
    const address = context.source?.address ?? "socket";
    const attempt = { address, account: user.name, device: `confirm ${user.id}` };
    throttle.begin(attempt);
    const method = await this.#check(user, answers, context);
    throttle.succeed(attempt);
    await proxy.auditDurably({ ...entryOf(user, context), outcome: "success", method });
    await logins.confirm(loginHash, clock.now());
  }

  async #check(user: UserRecord, answers: Answers, context: SignInContext): Promise<FactorKind | "password"> {
    const { password } = answers;
    if (password !== undefined) {
      if (await this.#checkPassword(user, password, context)) return "password";
      throw this.#refuse(user, "PASSWORD_WRONG", context);
    }
    const checked = await this.#context.factors.check(user, answers, {
      purpose: PURPOSE,
      source: context.source,
    });
    if (checked.kind === "right") return checked.method;
    throw this.#refuse(user, checked.reason, context);
  }

  /** By the provider that knows this person, and no other one. */
  async #checkPassword(user: UserRecord, password: string, context: SignInContext): Promise<boolean> {
    const open = this.#findPasswordProvider(user);
    if (open === undefined || password === "") return false;
    const known = { ...context, familiarity: "known" } as const;
    const result = await open.provider.signIn?.({ name: user.name, password }, known);
    if (result?.kind === "unavailable") throw refuse("LOGIN_UNAVAILABLE");
    if (result?.kind === "signedIn") return result.user.id === user.id;
    return result?.kind === "person" && result.person.subject === user.subject;
  }

  #findPasswordProvider(user: UserRecord): OpenProvider | undefined {
    return this.#context.providers.find(
      ({ id, provider }) =>
        id === user.provider &&
        provider.signIn !== undefined &&
        provider.form.fields.some(({ name }) => name === "password"),
    );
  }

  #refuse(
    user: UserRecord,
    reason: "PASSWORD_WRONG" | "FACTOR_WRONG" | "PASSKEY_REFUSED" | "PASSKEY_COUNTER",
    context: SignInContext,
  ): Error {
    this.#context.proxy.audit({ ...entryOf(user, context), outcome: "failure", reason });
    return refuse(reason === "PASSKEY_COUNTER" ? "PASSKEY_REFUSED" : reason);
  }
}

function entryOf({ id, name }: UserRecord, { source }: SignInContext): Omit<AuditEntry, "outcome"> {
  return { action: "login.confirm", actor: id, actorName: name, ...(source && { source }) };
}
