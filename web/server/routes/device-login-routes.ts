import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import {
  apiScope,
  deviceCodeParams,
  deviceConfirmation,
  deviceLoginRequest,
  deviceTokenRequest,
  type DeviceLogin,
  type DeviceQuestion,
  type DeviceToken,
  type deviceWaiting,
} from "../../api/schemas.ts";
import type { z } from "zod";
import { refuse } from "../http-errors.ts";
import { requestSource } from "../guard/actor.ts";
import { auditOrUndo } from "../guard/audit-grant.ts";
import { requireCaller, requireOwnAccount } from "../guard/caller.ts";
import { powersOf } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";
import type { ApiTokens } from "../sign-in/api-tokens.ts";
import type { DeviceLogins } from "../sign-in/device-logins.ts";
import { serializeApiToken } from "./api-token-routes.ts";

/** How long the token of a command line works. */
const DEVICE_TOKEN_SECONDS = 2_592_000;

interface DeviceLoginRoutesContext {
  readonly proxy: Proxy;
  readonly apiTokens: ApiTokens;
  readonly deviceLogins: DeviceLogins;
}

/** `postern login`: a command line shows a code, a person who is signed in types it, and the command line gets an API token. */
export function routeDeviceLogins(api: FastifyInstance, context: DeviceLoginRoutesContext): void {
  const { proxy, apiTokens, deviceLogins } = context;

  api.post("/device-logins", { config: { open: true } }, async (request, reply): Promise<DeviceLogin> => {
    const { name, scopes } = parseInput(deviceLoginRequest, request.body);
    const login = await deviceLogins.begin(name, scopes, requestSource(request)?.address ?? null);
    void reply.code(201);
    return login;
  });

  api.post(
    "/device-logins/token",
    { config: { open: true } },
    async (request, reply): Promise<DeviceToken | z.infer<typeof deviceWaiting>> => {
      const { device } = parseInput(deviceTokenRequest, request.body);
      const login = await deviceLogins.take(device);
      if (login === "waiting") {
        void reply.code(202);
        return { state: "waiting" };
      }
      const user = login === null ? null : await proxy.stores.users.find(login.userId ?? "");
      if (login === null || user === null || user.disabledAt !== null) throw refuse("DEVICE_LOGIN_GONE");
      const scopes = apiScope.array().parse(login.scopes);
      const grant = { name: login.name, scopes, sources: [], ttlSeconds: DEVICE_TOKEN_SECONDS };
      const { record, token } = await apiTokens.issue(user.id, grant);
      const source = requestSource(request);
      const entry = {
        action: "apitoken.create",
        outcome: "success",
        actor: user.id,
        actorName: user.name,
        targetId: user.id,
        targetName: user.name,
        tokenId: record.id,
        method: "device",
        ...(source && { source }),
      } as const;
      await auditOrUndo(proxy, entry, () => apiTokens.remove(user.id, record.id));
      void reply.code(201);
      return { ...serializeApiToken(record), token, user: user.name, role: user.role };
    },
  );

  api.get("/device-logins/:code", async (request): Promise<DeviceQuestion> => {
    requireCaller(request);
    const { code } = parseInput(deviceCodeParams, request.params);
    const login = await deviceLogins.find(code);
    if (login === null) throw refuse("DEVICE_LOGIN_UNKNOWN");
    const { name, scopes, address, createdAt } = login;
    return { name, scopes: apiScope.array().parse(scopes), address, createdAt };
  });

  api.post("/device-logins/:code/confirm", async (request, reply) => {
    const { userId, role } = requireOwnAccount(request);
    const { code } = parseInput(deviceCodeParams, request.params);
    const { scopes } = parseInput(deviceConfirmation, request.body);
    const login = await deviceLogins.find(code);
    if (login === null || !scopes.every((scope) => login.scopes.includes(scope)))
      throw refuse("DEVICE_LOGIN_UNKNOWN");
    if (scopes.includes("admin") && powersOf(role).length === 0) throw refuse("ADMIN_REQUIRED");
    if (!(await deviceLogins.confirm(code, userId, scopes))) throw refuse("DEVICE_LOGIN_UNKNOWN");
    return reply.code(204).send();
  });

  api.delete("/device-logins/:code", async (request, reply) => {
    requireCaller(request);
    const { code } = parseInput(deviceCodeParams, request.params);
    if (!(await deviceLogins.refuse(code))) throw refuse("DEVICE_LOGIN_UNKNOWN");
    return reply.code(204).send();
  });
}
