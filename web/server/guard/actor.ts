import type { FastifyRequest } from "fastify";
import type { AuditEntry, AuditReader, Proxy, UserRecord } from "../../../proxy/index.ts";
import { requireCaller } from "./caller.ts";

type RequestSource = NonNullable<ReturnType<Proxy["requesterOf"]>>;

declare module "fastify" {
  interface FastifyRequest {
    source: RequestSource | null;
  }
}

/** Where the request comes from; undefined on the administrator's socket. */
export function requestSource(request: FastifyRequest): RequestSource | undefined {
  return request.source ?? undefined;
}

/**
 * The caller as the audit log names them.
 * @throws RequestError `LOGIN_REQUIRED`
 */
export function auditActor(request: FastifyRequest): AuditReader {
  const { userId: actor, name: actorName, apiToken } = requireCaller(request);
  const source = requestSource(request);
  return {
    actor,
    actorName,
    ...(source && { source }),
    ...(apiToken && { method: "api-token", tokenId: apiToken.id }),
  };
}

/** A line about something that was done to an account. */
export function accountEntry(
  request: FastifyRequest,
  action: AuditEntry["action"],
  { id: targetId, name: targetName }: Pick<UserRecord, "id" | "name">,
  about: Partial<AuditEntry> = {},
): AuditEntry {
  return { action, outcome: "success", targetId, targetName, ...about, ...auditActor(request) };
}
