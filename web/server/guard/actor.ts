import type { FastifyRequest } from "fastify";
import type { AuditReader } from "../../../proxy/index.ts";
import { requireCaller } from "./caller.ts";
import { requestSource } from "./request-source.ts";

/**
 * Who asks, as the audit log names them.
 * @throws RequestError `LOGIN_REQUIRED`
 */
export function auditActor(request: FastifyRequest): AuditReader {
  const { userId: actor, name: actorName } = requireCaller(request);
  const source = requestSource(request);
  return { actor, actorName, ...(source && { source }) };
}
