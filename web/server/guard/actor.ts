import type { FastifyRequest } from "fastify";
import type { AuditReader } from "../../../proxy/index.ts";
import { requireCaller } from "./caller.ts";
import { sourceOf } from "./source.ts";

/**
 * Who asks, as the audit log names them.
 * @throws RequestError `LOGIN_REQUIRED`
 */
export function actorOf(request: FastifyRequest): AuditReader {
  const { userId: actor, name: actorName } = requireCaller(request);
  const source = sourceOf(request);
  return { actor, actorName, ...(source && { source }) };
}
