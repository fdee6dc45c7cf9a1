import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { foldName, type Clock } from "../../../protocol/index.ts";
import type { Proxy, SignUpRecord } from "../../../proxy/index.ts";
import { signUpApproval, signUpRequest, type SignUpRow, type UserRow } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { accountEntry, requestSource } from "../guard/actor.ts";
import { requireConfirmed } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import type { SignUps } from "../sign-in/sign-ups.ts";
import { auditNewcomer, findOwnGroups } from "./newcomer-groups.ts";
import { serializeUser } from "./user-routes.ts";
import { requireFreeName } from "../sign-in/free-name.ts";

interface SignUpRoutesContext {
  readonly proxy: Proxy;
  readonly signUps: SignUps;
  /** Whether strangers may ask. */
  readonly open: boolean;
  readonly clock: Clock;
}

const METHOD = "sign-up";

/** People who ask for an account, and administrators who answer them. */
export function routeSignUps(
  api: FastifyInstance,
  { proxy, signUps, open, clock }: SignUpRoutesContext,
): void {
  const { signUps: store, users, groups } = proxy.stores;

  api.post("/sign-up", { config: { open: true } }, async (request, reply) => {
    const wanted = parseInput(signUpRequest, request.body);
    if (!open) throw refuse("SIGN_UP_OFF");
    const source = requestSource(request);
    const { id: targetId, name: targetName } = await signUps.ask(wanted, source?.address ?? "socket");
    proxy.audit({
      ...{ action: "signup.request", outcome: "success", targetId, targetName },
      ...(source && { source }),
    });
    return reply.code(204).send();
  });

  api.get("/sign-up-requests", async (request): Promise<SignUpRow[]> => {
    requirePower(request, "audit");
    const waiting = await store.list(clock.now());
    const known = await users.findTaken(waiting.map(({ name }) => name));
    return waiting.map(({ id, name, reason, source, createdAt, expiresAt }) => {
      return { id, name, reason, source, createdAt, expiresAt, taken: known.has(foldName(name)) };
    });
  });

  api.post("/sign-up-requests/:id/approve", async (request, reply): Promise<UserRow> => {
    requirePower(request, "administer");
    const { role, groups: groupIds } = parseInput(signUpApproval, request.body);
    if (role === "admin") requireConfirmed(request);
    const { id, name } = await find(request);
    await requireFreeName(users, name);
    const entered = await findOwnGroups(groups, groupIds);
    const userId = randomUUID();
    const line = accountEntry(request, "user.create", { id: userId, name }, { role });
    const account = { userId, role, groupIds: entered.map((group) => group.id) };
    const user = await auditNewcomer(proxy, { method: METHOD, ...line }, entered, async () => {
      const made = await store.approve(id, account, clock.now());
      if (made === null) throw refuse("SIGN_UP_UNKNOWN");
      return made;
    });
    void reply.code(201);
    return serializeUser(user);
  });

  api.delete("/sign-up-requests/:id", async (request, reply) => {
    requirePower(request, "administer");
    const { id, name } = await find(request);
    if (!(await store.remove(id))) throw refuse("SIGN_UP_UNKNOWN");
    proxy.audit(accountEntry(request, "signup.refuse", { id, name }));
    return reply.code(204).send();
  });

  async function find(request: FastifyRequest): Promise<SignUpRecord> {
    const found = await store.find(parseId(request), clock.now());
    if (found === null) throw refuse("SIGN_UP_UNKNOWN");
    return found;
  }
}
