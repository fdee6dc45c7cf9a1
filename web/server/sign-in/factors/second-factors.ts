import type { Clock } from "../../../../protocol/index.ts";
import type {
  AuditEntry,
  FactorKind,
  FactorRecord,
  HostPort,
  SealedFactor,
  Stores,
  UserRecord,
} from "../../../../proxy/index.ts";
import {
  passkeyProof,
  type PasskeyCreated,
  type PasskeyOptions,
  type PasskeyProof,
} from "../../../api/schemas.ts";
import { ThrottledError } from "../../http-errors.ts";
import type { Answers } from "../providers/index.ts";
import type { AskableFactors } from "./factor-forms.ts";
import {
  locatePasskey,
  packPasskey,
  unpackPasskey,
  type MadePasskey,
  type PasskeyRecord,
  type Passkeys,
} from "./passkeys.ts";
import { hashRecoveryCode, makeRecoveryCodes } from "./recovery-codes.ts";
import { describeTotpSecret, findTotpStep, makeTotpSecret } from "./totp.ts";

/** Passkeys of one person. */
const MAX_PASSKEYS = 20;
/** Wrong codes of an app before the first wait. */
const MAX_FREE_CODES = 5;
const FIRST_WAIT_MS = 60_000;
const MAX_WAIT_MS = 3600_000;

/** A secret that an app has been shown, and the step of the code that proved it. */
export interface ProvenTotp {
  readonly secret: string;
  readonly step: number;
}

/** A factor as its owner gets it. */
export interface Enrolled {
  readonly factor: FactorRecord;
  /** Shown this once; null: the person has some already. */
  readonly recoveryCodes: string[] | null;
}

/** `reason`: a code for the person and the audit log; `PASSKEY_COUNTER` for the log alone. */
export type FactorCheck =
  | { readonly kind: "right"; readonly method: FactorKind }
  | { readonly kind: "wrong"; readonly reason: "FACTOR_WRONG" | "PASSKEY_REFUSED" | "PASSKEY_COUNTER" };

interface SecondFactorsContext {
  readonly stores: Pick<Stores, "factors" | "users">;
  readonly passkeys: Passkeys;
  readonly advertised: () => HostPort;
  readonly audit: (entry: AuditEntry) => void;
  readonly clock: Clock;
}

type Source = AuditEntry["source"];

/** What people prove beside their password: makes it, asks for it, checks it. */
export class SecondFactors {
  readonly #context: SecondFactorsContext;

  constructor(context: SecondFactorsContext) {
    this.#context = context;
  }

  get passkeysAvailable(): boolean {
    return this.#context.passkeys.available;
  }

  async has(userId: string): Promise<boolean> {
    return (await this.#context.stores.factors.listByUser(userId)).length > 0;
  }

  /** Which factors this person may be asked for; null: there are none. @param purpose what a passkey's proof is good for */
  async listAskable(user: UserRecord, purpose: string): Promise<AskableFactors | null> {
    const { stores, passkeys } = this.#context;
    const factors = await stores.factors.listByUser(user.id);
    if (factors.length === 0) return null;
    const usable = passkeys.filterUsable(listPasskeys(factors));
    return {
      totp: factors.some(({ kind }) => kind === "totp"),
      recovery: (await stores.factors.countRecovery(user.id)) > 0,
      passkey: usable.length === 0 ? null : await passkeys.describeUse(usable, purposeOf(purpose, user)),
    };
  }

  /**
   * Checks whichever answer there is, and uses it up.
   * @throws ThrottledError `LOGIN_THROTTLED`: too many wrong codes. Passkeys and recovery codes cannot be guessed, and go on.
   */
  async check(
    user: UserRecord,
    answers: Answers,
    about: { purpose: string; source: Source },
  ): Promise<FactorCheck> {
    const { code = "", recovery = code, passkey } = answers;
    const result = await this.#check(user, { code, recovery, passkey }, about.purpose);
    if (result.kind === "right") this.#auditUse(user, result.method, about.source);
    return result;
  }

  /** The account that a passkey is of, without a name or a password. Null: it does not hold. */
  async identify(
    proof: PasskeyProof,
    source: Source,
  ): Promise<{ readonly user: UserRecord | null; readonly check: FactorCheck }> {
    const { stores } = this.#context;
    const factor = await stores.factors.findByLocator(locatePasskey(proof.id));
    const user = factor === null ? null : await stores.users.find(factor.userId);
    const handle = user === null ? null : Buffer.from(user.id).toString("base64url");
    const isOwners = proof.userHandle === null || proof.userHandle === handle;
    if (factor === null || user === null || !isOwners)
      return { user, check: { kind: "wrong", reason: "PASSKEY_REFUSED" } };
    const check = await this.#checkPasskey(factor, proof, { purpose: PASSKEY_ALONE, alone: true });
    if (check.kind === "right") this.#auditUse(user, "passkey", source);
    return { user, check };
  }

  /** What the browser is asked where nobody has typed a name. */
  describeSignIn(): Promise<PasskeyOptions> {
    return this.#context.passkeys.describeUse(null, PASSKEY_ALONE);
  }

  makeTotp({ name }: Pick<UserRecord, "name">): { readonly secret: string; readonly uri: string } {
    const secret = makeTotpSecret();
    return { secret, uri: this.describeTotp(secret, name) };
  }

  describeTotp(secret: string, account: string): string {
    return describeTotpSecret(secret, { issuer: `Postern ${this.#context.advertised().host}`, account });
  }

  /** Null: the code is not the secret's. */
  proveTotp(secret: string, code: string): ProvenTotp | null {
    const step = findTotpStep(secret, code, this.#context.clock.now());
    return step === null ? null : { secret, step };
  }

  /** @throws RequestError `USER_UNKNOWN` */
  addTotp(userId: string, { secret, step }: ProvenTotp, name = ""): Promise<Enrolled> {
    const locator = `totp ${userId}`;
    return this.#add({ userId, kind: "totp", name, counter: step, locator, secret }, 1);
  }

  /** @throws RequestError `PASSKEY_HOST` */
  async describePasskeyCreation(user: UserRecord, purpose: string): Promise<PasskeyOptions> {
    const { stores, passkeys } = this.#context;
    const known = listPasskeys(await stores.factors.listByUser(user.id));
    return passkeys.describeCreation(user, known, purposeOf(purpose, user));
  }

  /** Null: it is not what was asked for. @throws RequestError `PASSKEY_HOST` */
  provePasskey(user: UserRecord, answer: PasskeyCreated, purpose: string): Promise<MadePasskey | null> {
    return this.#context.passkeys.readCreation(answer, purposeOf(purpose, user));
  }

  /** @throws RequestError `USER_UNKNOWN`, `FACTOR_EXISTS`, `FACTOR_LIMIT` */
  addPasskey(userId: string, { record, counter }: MadePasskey, name = ""): Promise<Enrolled> {
    const locator = locatePasskey(record.credentialId);
    return this.#add(
      { userId, kind: "passkey", name, counter, locator, secret: packPasskey(record) },
      MAX_PASSKEYS,
    );
  }

  /** New ones in the place of those of before. */
  async replaceRecoveryCodes(userId: string): Promise<string[]> {
    const codes = makeRecoveryCodes();
    await this.#context.stores.factors.replaceRecovery(
      userId,
      codes.flatMap((code) => hashRecoveryCode(code) ?? []),
    );
    return codes;
  }

  async #add(factor: Parameters<Stores["factors"]["add"]>[0], limit: number): Promise<Enrolled> {
    const codes = makeRecoveryCodes();
    const recovery = codes.flatMap((code) => hashRecoveryCode(code) ?? []);
    const added = await this.#context.stores.factors.add(factor, { limit, recovery });
    return { factor: added.factor, recoveryCodes: added.recoveryKept ? codes : null };
  }

  async #check(
    user: UserRecord,
    { code, recovery, passkey }: { code: string; recovery: string; passkey: string | undefined },
    purpose: string,
  ): Promise<FactorCheck> {
    const { factors } = this.#context.stores;
    if (passkey !== undefined) {
      const proof = parsePasskeyProof(passkey);
      const factor = proof && (await factors.findByLocator(locatePasskey(proof.id)));
      if (!proof || factor?.userId !== user.id) return { kind: "wrong", reason: "PASSKEY_REFUSED" };
      return this.#checkPasskey(factor, proof, { purpose: purposeOf(purpose, user), alone: false });
    }
    const hash = hashRecoveryCode(recovery);
    if (hash !== null && (await factors.takeRecovery(user.id, hash)))
      return { kind: "right", method: "recovery" };
    const app = (await factors.listByUser(user.id)).find(({ kind }) => kind === "totp");
    const isRight = app !== undefined && code !== "" && (await this.#checkTotp(app, code));
    return isRight ? { kind: "right", method: "totp" } : { kind: "wrong", reason: "FACTOR_WRONG" };
  }

  async #checkTotp(app: SealedFactor, code: string): Promise<boolean> {
    const { stores, clock } = this.#context;
    const now = clock.now();
    if (app.openAt > now) throw new ThrottledError(app.openAt - now);
    const tries = app.tries + 1;
    const openAt = tries < MAX_FREE_CODES ? 0 : now + waitAfter(tries);
    // Of codes that are typed at the same time one is looked at: whoever sends many gains nothing.
    if (!(await stores.factors.countTry(app.id, app, { tries, openAt }))) throw new ThrottledError(1000);
    const secret = app.reveal();
    const step = secret === null ? null : findTotpStep(secret, code, now);
    return step !== null && (await stores.factors.use(app.id, step, now));
  }

  async #checkPasskey(
    factor: SealedFactor,
    proof: PasskeyProof,
    about: { readonly purpose: string; readonly alone: boolean },
  ): Promise<FactorCheck> {
    const { stores, passkeys, clock } = this.#context;
    const record = unpackPasskey(factor.reveal());
    const counter = record === null ? null : await passkeys.readUse(proof, record, about);
    if (counter === null) return { kind: "wrong", reason: "PASSKEY_REFUSED" };
    const isNewer = await stores.factors.use(factor.id, counter, clock.now());
    return isNewer ? { kind: "right", method: "passkey" } : { kind: "wrong", reason: "PASSKEY_COUNTER" };
  }

  #auditUse({ id, name }: UserRecord, method: FactorKind, source: Source): void {
    this.#context.audit({
      action: "factor.use",
      outcome: "success",
      actor: id,
      actorName: name,
      method,
      ...(source && { source }),
    });
  }
}

/** The purpose of a proof that comes without a name. */
const PASSKEY_ALONE = "sign-in";

function purposeOf(purpose: string, { id }: Pick<UserRecord, "id">): string {
  return `${purpose} ${id}`;
}

function listPasskeys(factors: readonly SealedFactor[]): PasskeyRecord[] {
  return factors
    .filter(({ kind }) => kind === "passkey")
    .flatMap((factor) => unpackPasskey(factor.reveal()) ?? []);
}

/** Null: it is none. */
function parsePasskeyProof(text: string): PasskeyProof | null {
  try {
    return passkeyProof.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function waitAfter(tries: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(tries - MAX_FREE_CODES, 30), MAX_WAIT_MS);
}
