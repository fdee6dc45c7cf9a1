import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AuditEntry, FactorKind, FactorRecord, Proxy, UserRecord } from "../../../proxy/index.ts";
import {
  confirmRequest,
  passkeyConfirmation,
  totpConfirmation,
  type AddedFactorAnswer,
  type ConfirmForm,
  type FactorList,
  type FactorRow,
  type PasskeyOptionsAnswer,
  type RecoveryCodesAnswer,
  type TotpEnrolment,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { accountEntry, requestSource } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireCaller, requireConfirmed, requireOwnAccount } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import type { Confirmations } from "../sign-in/confirmations.ts";
import type { FactorGate } from "../sign-in/factors/factor-gate.ts";
import type { Enrolled, SecondFactors } from "../sign-in/factors/second-factors.ts";
import type { Logins } from "../sign-in/logins.ts";
import type { OpenProvider } from "../sign-in/providers/index.ts";
import type { SignInSteps } from "../sign-in/sign-in-steps.ts";

interface FactorRoutesContext {
  readonly proxy: Proxy;
  readonly factors: SecondFactors;
  readonly gate: FactorGate;
  readonly confirmations: Confirmations;
  readonly providers: readonly OpenProvider[];
  readonly steps: SignInSteps;
  readonly logins: Logins;
}

/** Instead of a provider's id: the step is the enrolment of an app by somebody who is signed in. */
const ENROLMENT_STEP = "app enrolment";
const PURPOSE = "enrol";
const enrolmentState = z.object({ userId: z.string(), secret: z.string() });

/** A person's own second factors and proofs; those of others for administrators. */
export function routeFactors(api: FastifyInstance, context: FactorRoutesContext): void {
  const { proxy, factors, gate, confirmations, providers, steps, logins } = context;
  const { stores } = proxy;

  api.get("/me/factors", async (request): Promise<FactorList> => list(await findCaller(request)));

  api.get("/users/:id/factors", async (request): Promise<FactorList> => {
    requirePower(request, "audit");
    return list(await findUser(parseId(request)));
  });

  api.post("/me/factors/totp", async (request, reply): Promise<TotpEnrolment> => {
    requireOwnAccount(request);
    requireConfirmed(request);
    const user = await findCaller(request);
    const { secret, uri } = factors.makeTotp(user);
    const id = await steps.open({
      provider: ENROLMENT_STEP,
      name: user.name,
      state: { userId: user.id, secret },
    });
    void reply.code(201);
    return { id, secret, uri };
  });

  api.post("/me/factors/totp/confirm", async (request, reply): Promise<AddedFactorAnswer> => {
    requireOwnAccount(request);
    const user = await findCaller(request);
    const { id, code, name } = parseInput(totpConfirmation, request.body);
    const pending = await steps.try(id);
    const state = pending?.provider === ENROLMENT_STEP ? enrolmentState.parse(pending.state) : null;
    if (state?.userId !== user.id) throw refuse("ENROLMENT_GONE");
    const proven = factors.proveTotp(state.secret, code);
    if (proven === null) throw refuse("FACTOR_WRONG");
    if (!(await steps.take(id))) throw refuse("ENROLMENT_GONE");
    return add(request, reply, { user, method: "totp", make: () => factors.addTotp(user.id, proven, name) });
  });

  api.post("/me/factors/passkey", async (request): Promise<PasskeyOptionsAnswer> => {
    requireOwnAccount(request);
    requireConfirmed(request);
    return { options: await factors.describePasskeyCreation(await findCaller(request), PURPOSE) };
  });

  api.post("/me/factors/passkey/confirm", async (request, reply): Promise<AddedFactorAnswer> => {
    requireOwnAccount(request);
    const user = await findCaller(request);
    const { passkey, name } = parseInput(passkeyConfirmation, request.body);
    const made = await factors.provePasskey(user, passkey, PURPOSE);
    if (made === null) throw refuse("PASSKEY_REFUSED");
    return add(request, reply, {
      user,
      method: "passkey",
      make: () => factors.addPasskey(user.id, made, name),
    });
  });

  api.delete("/me/factors/:id", async (request, reply) => {
    requireConfirmed(request);
    const user = await findCaller(request);
    const id = parseId(request);
    const factor = (await stores.factors.listByUser(user.id)).find((one) => one.id === id);
    if (factor === undefined || !(await stores.factors.remove(user.id, id))) throw refuse("FACTOR_UNKNOWN");
    proxy.audit(accountEntry(request, "factor.remove", user, { method: factor.kind, count: 1 }));
    return reply.code(204).send();
  });

  api.post("/me/factors/recovery-codes", async (request): Promise<RecoveryCodesAnswer> => {
    requireOwnAccount(request);
    requireConfirmed(request);
    const user = await findCaller(request);
    if (!(await factors.has(user.id))) throw refuse("FACTOR_UNKNOWN");
    const line = accountEntry(request, "factor.add", user, { method: "recovery" });
    return { recoveryCodes: await auditAhead(proxy, line, () => factors.replaceRecoveryCodes(user.id)) };
  });

  /** For a person who has lost everything: the password alone is enough again, unless a factor is required. */
  api.delete("/users/:id/factors", async (request, reply) => {
    requirePower(request, "administer");
    requireConfirmed(request);
    const user = await findUser(parseId(request));
    await auditAhead(proxy, accountEntry(request, "factor.remove", user), () =>
      stores.factors.removeAll(user.id),
    );
    return reply.code(204).send();
  });

  api.get("/me/confirm", async (request): Promise<ConfirmForm> => {
    const { loginHash } = requireCaller(request);
    const login = loginHash === null ? null : await logins.findByHash(loginHash);
    return confirmations.describe(await findCaller(request), login);
  });

  api.post("/me/confirm", async (request, reply) => {
    const { loginHash } = requireCaller(request);
    const { answers } = parseInput(confirmRequest, request.body);
    // The administrator's socket needs none.
    if (loginHash !== null) {
      const person = { user: await findCaller(request), loginHash };
      await confirmations.confirm(person, answers, { source: requestSource(request) });
    }
    return reply.code(204).send();
  });

  async function findCaller(request: FastifyRequest): Promise<UserRecord> {
    return findUser(requireCaller(request).userId);
  }

  async function findUser(id: string): Promise<UserRecord> {
    const user = await stores.users.find(id);
    if (user === null) throw refuse("USER_UNKNOWN");
    return user;
  }

  async function list(user: UserRecord): Promise<FactorList> {
    const [known, recoveryCodes] = await Promise.all([
      stores.factors.listByUser(user.id),
      stores.factors.countRecovery(user.id),
    ]);
    const open = providers.find(({ id }) => id === user.provider);
    const required = gate.isRequired(user, open);
    return {
      factors: known.map(serializeFactor),
      recoveryCodes,
      required,
      passkeys: factors.passkeysAvailable,
    };
  }

  async function add(
    request: FastifyRequest,
    reply: FastifyReply,
    { user, method, make }: NewFactorOf,
  ): Promise<AddedFactorAnswer> {
    const line: AuditEntry = accountEntry(request, "factor.add", user, { method });
    const { factor, recoveryCodes } = await auditAhead(proxy, line, make);
    void reply.code(201);
    return { factor: serializeFactor(factor), ...(recoveryCodes !== null && { recoveryCodes }) };
  }
}

interface NewFactorOf {
  readonly user: UserRecord;
  readonly method: FactorKind;
  readonly make: () => Promise<Enrolled>;
}

function serializeFactor({ id, kind, name, createdAt, lastUsedAt }: FactorRecord): FactorRow {
  return { id, kind, name, createdAt, lastUsedAt };
}
