import type { AccountRole, AuditEntry, Stores, UserRecord } from "../../../../proxy/index.ts";
import { passkeyCreated, type SignInForm } from "../../../api/schemas.ts";
import type { Answers, OpenProvider, SignInChallenge, SignInContext } from "../providers/index.ts";
import { askForEnrolment, askForFactor, showRecoveryCodes } from "./factor-forms.ts";
import type { Enrolled, SecondFactors } from "./second-factors.ts";

/** Instead of a provider's id: the step is the gate's. Ids of providers have no blanks. */
export const FACTOR_STEP = "second factor";
const PURPOSE = "sign-in";

/** What a step of the gate keeps. */
type GateState = { readonly userId: string; readonly provider: string } & (
  | { readonly phase: "ask" }
  | { readonly phase: "enrol"; readonly secret: string }
  /** The recovery codes were shown. */
  | { readonly phase: "shown" }
);

export type GateResult =
  /** `code`: for the person; `reason`: for the audit log. */
  | {
      readonly kind: "refused";
      readonly code: "FACTOR_WRONG" | "PASSKEY_REFUSED" | "LOGIN_REFUSED";
      readonly reason: string;
      readonly user: UserRecord | null;
    }
  /** `finish` is called once, by whoever takes the step. Null: nothing more is asked. */
  | {
      readonly kind: "accepted";
      readonly user: UserRecord;
      readonly provider: string;
      finish(): Promise<SignInChallenge | null>;
    };

interface FactorGateContext {
  readonly users: Pick<Stores["users"], "find">;
  readonly factors: SecondFactors;
  /** Roles that have to have a second factor. */
  readonly requireFor: readonly AccountRole[];
  readonly auditDurably: (entry: AuditEntry) => Promise<void>;
}

/** Behind every sign-in whose person is known: asks for the second factor, or has one made where there has to be one. */
export class FactorGate {
  readonly #context: FactorGateContext;

  constructor(context: FactorGateContext) {
    this.#context = context;
  }

  isRequired({ role }: Pick<UserRecord, "role">, open: OpenProvider | undefined): boolean {
    return this.#context.requireFor.includes(role) || open?.admission.requireFactor === true;
  }

  /** Null: nothing more is asked. */
  async begin(user: UserRecord, open: OpenProvider): Promise<SignInChallenge | null> {
    const { factors } = this.#context;
    const common = { userId: user.id, provider: open.id };
    const askable = await factors.listAskable(user, PURPOSE);
    if (askable !== null) return challenge(askForFactor(askable), { ...common, phase: "ask" });
    if (!this.isRequired(user, open)) return null;
    const { secret, uri } = factors.makeTotp(user);
    const passkey = factors.passkeysAvailable ? await factors.describePasskeyCreation(user, PURPOSE) : null;
    return challenge(askForEnrolment({ uri, secret, passkey }), { ...common, phase: "enrol", secret });
  }

  /** @throws ThrottledError `LOGIN_THROTTLED` */
  async proceed(kept: unknown, answers: Answers, { source }: SignInContext): Promise<GateResult> {
    // It was sealed by this server, or one of its database.
    const state = kept as GateState;
    const { provider } = state;
    const user = await this.#context.users.find(state.userId);
    if (user === null || user.disabledAt !== null)
      return { kind: "refused", code: "LOGIN_REFUSED", reason: "USER_DISABLED", user };
    if (state.phase === "shown")
      return { kind: "accepted", user, provider, finish: () => Promise.resolve(null) };
    if (state.phase === "enrol") return this.#enrol(user, state, { answers, source });
    const checked = await this.#context.factors.check(user, answers, { purpose: PURPOSE, source });
    if (checked.kind === "right")
      return { kind: "accepted", user, provider, finish: () => Promise.resolve(null) };
    const { reason } = checked;
    return { kind: "refused", code: reason === "PASSKEY_COUNTER" ? "PASSKEY_REFUSED" : reason, reason, user };
  }

  async #enrol(
    user: UserRecord,
    state: Extract<GateState, { phase: "enrol" }>,
    { answers, source }: { readonly answers: Answers; readonly source: AuditEntry["source"] },
  ): Promise<GateResult> {
    const { factors, auditDurably } = this.#context;
    const { provider } = state;
    const enrol = await this.#prove(user, state.secret, answers);
    if (enrol === null) {
      const code = answers["passkey"] === undefined ? "FACTOR_WRONG" : "PASSKEY_REFUSED";
      return { kind: "refused", code, reason: code, user };
    }
    return {
      kind: "accepted",
      user,
      provider,
      finish: async () => {
        // Somebody else may have made one since: then that one is asked for.
        if (await factors.has(user.id)) return this.#askAgain(user, provider);
        await auditDurably({
          action: "factor.add",
          outcome: "success",
          actor: user.id,
          actorName: user.name,
          targetId: user.id,
          targetName: user.name,
          method: enrol.method,
          ...(source && { source }),
        });
        const { recoveryCodes } = await enrol.add();
        if (recoveryCodes === null) return null;
        return challenge(showRecoveryCodes(recoveryCodes), { userId: user.id, provider, phase: "shown" });
      },
    };
  }

  async #askAgain(user: UserRecord, provider: string): Promise<SignInChallenge | null> {
    const askable = await this.#context.factors.listAskable(user, PURPOSE);
    return askable && challenge(askForFactor(askable), { userId: user.id, provider, phase: "ask" });
  }

  /** What is added when the step is taken. Null: the answer proves nothing. */
  async #prove(
    user: UserRecord,
    secret: string,
    { code = "", passkey }: Answers,
  ): Promise<{ readonly method: "totp" | "passkey"; add(): Promise<Enrolled> } | null> {
    const { factors } = this.#context;
    if (passkey === undefined) {
      const proven = factors.proveTotp(secret, code);
      return proven && { method: "totp", add: () => factors.addTotp(user.id, proven) };
    }
    const created = parsePasskeyCreated(passkey);
    const made = created && (await factors.provePasskey(user, created, PURPOSE));
    return made && { method: "passkey", add: () => factors.addPasskey(user.id, made) };
  }
}

function challenge(form: SignInForm, state: GateState): SignInChallenge {
  return { form, state };
}

function parsePasskeyCreated(text: string) {
  try {
    return passkeyCreated.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
