import { KeyedQueue } from "../../../protocol/index.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { SERVICE_PROVIDER, type ApiTokenRecord, type Proxy, type UserRecord } from "../../../proxy/index.ts";
import {
  apiScope,
  apiTokenParams,
  apiTokenRequest,
  type ApiTokenRow,
  type CreatedApiToken,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { accountEntry } from "../guard/actor.ts";
import { auditOrUndo } from "../guard/audit-grant.ts";
import { requireCaller, requireConfirmed, requireOwnAccount } from "../guard/caller.ts";
import { powersOf, requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import type { ApiTokens } from "../sign-in/api-tokens.ts";

/** API tokens that one account may have. */
const MAX_API_TOKENS = 50;

interface ApiTokenRoutesContext {
  readonly proxy: Proxy;
  readonly apiTokens: ApiTokens;
}

/** A person's own API tokens; those of service accounts, for administrators. A token makes no token: it would outlive its own end. */
export function routeApiTokens(api: FastifyInstance, { proxy, apiTokens }: ApiTokenRoutesContext): void {
  const { users } = proxy.stores;
  const queue = new KeyedQueue();

  api.post("/me/api-tokens", async (request, reply): Promise<CreatedApiToken> => {
    requireOwnAccount(request);
    const user = await findUser(requireConfirmed(request).userId);
    void reply.code(201);
    return create(request, user);
  });

  api.get("/me/api-tokens", async (request): Promise<ApiTokenRow[]> => {
    const { userId } = requireCaller(request);
    return (await apiTokens.list(userId)).map(serializeApiToken);
  });

  api.delete("/me/api-tokens/:id", async (request, reply) => {
    const user = await findUser(requireCaller(request).userId);
    await revoke(request, user, parseId(request));
    return reply.code(204).send();
  });

  api.post("/users/:id/api-tokens", async (request, reply): Promise<CreatedApiToken> => {
    requirePower(request, "administer");
    requireConfirmed(request);
    const user = await findUser(parseId(request));
    if (user.provider !== SERVICE_PROVIDER) throw refuse("SERVICE_REQUIRED");
    void reply.code(201);
    return create(request, user);
  });

  api.get("/users/:id/api-tokens", async (request): Promise<ApiTokenRow[]> => {
    requirePower(request, "audit");
    const user = await findUser(parseId(request));
    return (await apiTokens.list(user.id)).map(serializeApiToken);
  });

  api.delete("/users/:id/api-tokens/:tokenId", async (request, reply) => {
    requirePower(request, "administer");
    const { id, tokenId } = parseInput(apiTokenParams, request.params);
    await revoke(request, await findUser(id), tokenId);
    return reply.code(204).send();
  });

  async function findUser(id: string): Promise<UserRecord> {
    const user = await users.find(id);
    if (user === null) throw refuse("USER_UNKNOWN");
    return user;
  }

  async function create(request: FastifyRequest, user: UserRecord): Promise<CreatedApiToken> {
    const grant = parseInput(apiTokenRequest, request.body);
    // An account that gets another role later loses its tokens: none grows beyond what it was made for.
    if (grant.scopes.includes("admin") && powersOf(user.role).length === 0) throw refuse("ADMIN_REQUIRED");
    // One after the other: requests at once must not exceed the limit together.
    const made = await queue.run(user.id, async () => {
      if ((await apiTokens.list(user.id)).length >= MAX_API_TOKENS) throw refuse("LIMIT_API_TOKENS");
      return apiTokens.issue(user.id, grant);
    });
    const line = { ...accountEntry(request, "apitoken.create", user), tokenId: made.record.id };
    await auditOrUndo(proxy, line, () => apiTokens.remove(user.id, made.record.id));
    return { ...serializeApiToken(made.record), token: made.token };
  }

  async function revoke(request: FastifyRequest, user: UserRecord, id: string): Promise<void> {
    if (!(await apiTokens.remove(user.id, id))) throw refuse("API_TOKEN_UNKNOWN");
    await proxy.checkSessions();
    proxy.audit({ ...accountEntry(request, "apitoken.revoke", user), tokenId: id });
  }
}

export function serializeApiToken(token: ApiTokenRecord): ApiTokenRow {
  const { id, name, scopes, sources, createdAt, expiresAt, lastUsedAt } = token;
  const known = apiScope.array().parse(scopes);
  return { id, name, scopes: known, sources: [...sources], createdAt, expiresAt, lastUsedAt };
}
