import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditEntry, GroupRecord, InvitationRecord } from "../../../proxy/index.ts";
import {
  invitationAcceptance,
  invitationRequest,
  invitationSecret,
  type CreatedInvitation,
  type InvitationRow,
  type LoginStep,
  type Me,
  type ShownInvitation,
} from "../../api/schemas.ts";
import { isPosternError, type Clock } from "../../../protocol/index.ts";
import { InputInvalid, refuse } from "../http-errors.ts";
import { auditActor, requestSource } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireConfirmed } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import type { Invitations } from "../sign-in/invitations.ts";
import { composeInvitationMail } from "../sign-in/mail/invitation-mail.ts";
import type { OpenProvider, SignInProvider } from "../sign-in/providers/index.ts";
import type { SignInService } from "../sign-in/sign-in-service.ts";
import { auditNewcomer, findOwnGroups } from "./newcomer-groups.ts";
import { finishSignIn, type LoginContext } from "./open-login.ts";
import { requireFreeName } from "../sign-in/free-name.ts";

interface InvitationRoutesContext extends LoginContext {
  readonly invitations: Invitations;
  readonly signIn: Pick<SignInService, "conclude">;
  /** Of this server's own accounts; null: they do not count here. */
  readonly local: OpenProvider | null;
  /** Null: there is no mail server to send by. */
  readonly sendMail: SignInProvider["sendMail"] | null;
  readonly clock: Clock;
}

const METHOD = "invitation";

/** Links by which people get an account: administrators make them, and who opens one chooses name and password. */
export function routeInvitations(api: FastifyInstance, context: InvitationRoutesContext): void {
  const { proxy, invitations, signIn, local, sendMail = null, clock } = context;
  const { users, groups } = proxy.stores;

  api.get("/invitations", async (request): Promise<InvitationRow[]> => {
    requirePower(request, "audit");
    const open = await invitations.list();
    const names = await users.findNames(open.flatMap(({ createdBy }) => createdBy ?? []));
    const ids = [...new Set(open.flatMap(({ groupIds }) => groupIds))];
    const known = new Map((await Promise.all(ids.map((id) => groups.find(id)))).map((one) => [one?.id, one]));
    return open.map((one) =>
      serialize(
        one,
        names.get(one.createdBy ?? "") ?? null,
        one.groupIds.flatMap((id) => known.get(id) ?? []),
      ),
    );
  });

  api.post("/invitations", async (request, reply): Promise<CreatedInvitation> => {
    const caller = requirePower(request, "administer");
    const {
      role,
      groups: groupIds,
      name,
      email,
      ttlSeconds,
      mail,
    } = parseInput(invitationRequest, request.body);
    if (role === "admin") requireConfirmed(request);
    if (local === null) throw refuse("LOCAL_SIGN_IN_OFF");
    if (mail && email === undefined) throw new InputInvalid("email", "is where the link is to be sent.");
    if (mail && sendMail === null) throw refuse("MAIL_OFF");
    if (name !== undefined) await requireFreeName(users, name);
    const entered = await findOwnGroups(groups, groupIds);
    const createdAt = clock.now();
    const invitation: InvitationRecord = {
      ...{ id: randomUUID(), role, groupIds: entered.map(({ id }) => id) },
      ...{ name: name ?? null, email: email ?? null },
      // Whoever is at the server's own socket is no account that could be disabled.
      createdBy: caller.via === "socket" ? null : caller.userId,
      ...{ createdAt, expiresAt: createdAt + ttlSeconds * 1000 },
    };
    const url = await auditAhead(proxy, describe(request, "invitation.create", invitation), () =>
      invitations.create(invitation),
    );
    const { expiresAt } = invitation;
    const letter = { to: email ?? "", by: caller.name, url, expiresAt };
    const mailed = mail && (sendMail?.(composeInvitationMail(letter)) ?? false);
    void reply.code(201);
    const by = invitation.createdBy === null ? null : caller.name;
    return { ...serialize(invitation, by, entered), url, mailed };
  });

  api.delete("/invitations/:id", async (request, reply) => {
    requirePower(request, "administer");
    const gone = await invitations.remove(parseId(request));
    if (gone === null) throw refuse("INVITATION_UNKNOWN");
    proxy.audit(describe(request, "invitation.revoke", gone));
    return reply.code(204).send();
  });

  api.post("/invitations/show", { config: { open: true } }, async (request): Promise<ShownInvitation> => {
    const { secret } = parseInput(invitationSecret, request.body);
    const { name, role, expiresAt } = await auditRefusal(request, () =>
      invitations.find(secret, addressOf(request)),
    );
    return { name, role, expiresAt };
  });

  api.post(
    "/invitations/accept",
    { config: { open: true } },
    async (request, reply): Promise<Me | LoginStep> => {
      const { secret, name: chosen, password } = parseInput(invitationAcceptance, request.body);
      const address = addressOf(request);
      const source = requestSource(request);
      const found = await auditRefusal(request, () => invitations.find(secret, address));
      const name = found.name ?? chosen;
      if (name === undefined) throw new InputInvalid("name", "is what the account is to be called.");
      if (local === null) throw refuse("LOCAL_SIGN_IN_OFF");
      const answer = { secret, name, password };
      const make = await auditRefusal(request, () => invitations.begin(answer, address));
      const id = randomUUID();
      const about = { actor: id, actorName: name, targetId: id, targetName: name, ...(source && { source }) };
      const created = { action: "user.create", outcome: "success", role: found.role, ...about } as const;
      const line = { ...created, method: METHOD, tokenId: found.id };
      const entered = await findOwnGroups(groups, found.groupIds, { skip: true });
      const user = await auditNewcomer(proxy, line, entered, () => make(id));
      const concluding = { context: { source }, password: null };
      const outcome = await signIn.conclude(local, { kind: "signedIn", user }, concluding);
      const provider = outcome.kind === "account" ? { ...outcome, provider: METHOD } : outcome;
      return finishSignIn(context, request, reply, provider);
    },
  );

  /** Secrets that are tried are seen in the log. */
  async function auditRefusal<T>(request: FastifyRequest, look: () => Promise<T>): Promise<T> {
    try {
      return await look();
    } catch (error) {
      const code = isPosternError(error) ? error.code : "";
      const source = requestSource(request);
      if (code === "INVITATION_GONE" || code === "LOGIN_THROTTLED")
        proxy.audit({
          ...{ action: "invitation.use", outcome: "failure", reason: code },
          ...(source && { source }),
        });
      throw error;
    }
  }
}

function addressOf(request: FastifyRequest): string {
  return requestSource(request)?.address ?? "socket";
}

function describe(
  request: FastifyRequest,
  action: "invitation.create" | "invitation.revoke",
  { id: targetId, name, role }: InvitationRecord,
): AuditEntry {
  const about = { role, targetId, ...(name !== null && { targetName: name }) };
  return { action, outcome: "success", ...about, ...auditActor(request) };
}

function serialize(
  { id, role, name, email, createdAt, expiresAt }: InvitationRecord,
  by: string | null,
  groups: readonly GroupRecord[],
): InvitationRow {
  const named = groups.map((group) => ({ id: group.id, name: group.name }));
  return { id, role, groups: named, name, email, by, createdAt, expiresAt };
}
