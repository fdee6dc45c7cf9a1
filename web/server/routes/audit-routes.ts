import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { AuditEvent, Proxy } from "../../../proxy/index.ts";
import { auditQuery, type auditKey, type AuditRow } from "../../api/schemas.ts";
import { auditActor } from "../guard/actor.ts";
import { requirePower } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";

/** The audit log, for administrators. */
export function routeAudit(api: FastifyInstance, proxy: Proxy): void {
  api.get("/audit", async (request): Promise<AuditRow[]> => {
    requirePower(request, "audit");
    const { limit, after, ...asked } = parseInput(auditQuery, request.query);
    const { since, until, action, actor, desktop, outcome } = asked;
    const query = {
      limit,
      ...(after !== undefined && { after }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(action !== undefined && { action }),
      ...(actor !== undefined && { actor }),
      ...(desktop !== undefined && { desktop }),
      ...(outcome !== undefined && { outcome }),
    };
    const events = await proxy.readAudit(query, auditActor(request));
    return events.map(serializeEvent);
  });

  api.get("/audit/key", (request): z.infer<typeof auditKey> => {
    requirePower(request, "audit");
    return { serverId: proxy.serverId, publicKey: proxy.auditPublicKey };
  });
}

function serializeEvent({ sequence, action, outcome, ...rest }: AuditEvent): AuditRow {
  return { id: String(sequence), name: action, state: outcome, ...rest };
}
