import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { AgentRecord, Proxy, SessionRecord } from "../../../proxy/index.ts";
import {
  agentRoleRequest,
  joinSecretRequest,
  sessionQuery,
  type Agent,
  type Session,
  type joinSecret,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";

/** Join secrets, agents and sessions, for administrators. */
export function routeAdministration(api: FastifyInstance, proxy: Proxy): void {
  api.post("/join-secrets", async (request, reply): Promise<z.infer<typeof joinSecret>> => {
    requirePower(request, "administer");
    const grant = parseInput(joinSecretRequest, request.body);
    const { role, admit } = grant;
    const { secret, expiresAt } = await auditAhead(
      proxy,
      {
        action: "join.create",
        outcome: "success",
        role,
        ...(admit && { reason: "ADMITTED" }),
        ...auditActor(request),
      },
      () => proxy.createJoinSecret(grant),
    );
    void reply.code(201);
    return { secret, fingerprint: proxy.fingerprint, expiresAt, role, admit };
  });

  api.get("/agents", async (request): Promise<Agent[]> => {
    requirePower(request, "oversee");
    return (await proxy.stores.agents.list()).map((agent) =>
      serializeAgent(agent, proxy.countClones(agent.id)),
    );
  });

  api.delete("/agents/:id", async (request, reply) => {
    requirePower(request, "administer");
    const agentId = parseId(request);
    await proxy.revokeAgent(agentId);
    proxy.audit({ action: "agent.revoke", outcome: "success", agentId, ...auditActor(request) });
    return reply.code(204).send();
  });

  api.post("/agents/:id/rotate", async (request, reply) => {
    requirePower(request, "operate");
    const id = parseId(request);
    await proxy.rotateAgentKey(id);
    return reply.code(204).send();
  });

  api.post("/agents/:id/role", async (request): Promise<Agent> => {
    requirePower(request, "administer");
    const id = parseId(request);
    const { role } = parseInput(agentRoleRequest, request.body);
    const changed = await auditAhead(
      proxy,
      { action: "agent.role", outcome: "success", agentId: id, role, ...auditActor(request) },
      () => proxy.setAgentRole(id, role),
    );
    return serializeAgent(changed, proxy.countClones(id));
  });

  api.get("/sessions", async (request): Promise<Session[]> => {
    requirePower(request, "oversee");
    const { state, after: afterId, limit } = parseInput(sessionQuery, request.query);
    const after = afterId === undefined ? undefined : await proxy.stores.sessions.find(afterId);
    if (after === null) throw refuse("SESSION_UNKNOWN");
    const records = await proxy.stores.sessions.list({
      limit,
      ...(state && { state }),
      ...(after && { after }),
    });
    // Only the server that relays a session has its current counters.
    const live = new Map(proxy.openSessions().map((session) => [session.id, session]));
    const people = await proxy.stores.sessions.listPeople(records.map(({ id: sessionId }) => sessionId));
    return records.map((record) => {
      const current = record.state === "open" ? (live.get(record.id) ?? record) : record;
      return serializeSession(current, people.get(record.id) ?? null);
    });
  });

  api.delete("/sessions/:id", async (request, reply) => {
    requirePower(request, "operate");
    const id = parseId(request);
    if (!(await proxy.endSession(id))) throw refuse("SESSION_UNKNOWN");
    proxy.audit({ action: "session.terminate", outcome: "success", sessionId: id, ...auditActor(request) });
    return reply.code(204).send();
  });
}

function serializeAgent(
  { id, name, kind, admittedAt, revokedAt, serverId, lastSeenAt }: AgentRecord,
  clones: number,
): Agent {
  const connected = serverId === null ? "offline" : "online";
  const state = revokedAt === null ? connected : "revoked";
  return { id, name, kind, state, admitted: admittedAt !== null, lastSeenAt, clones };
}

function serializeSession(record: SessionRecord, person: string | null): Session {
  return {
    id: record.id,
    name: record.desktopName,
    desktopId: record.desktopId,
    state: record.state,
    method: record.method,
    transport: record.transport,
    person,
    role: record.role,
    denied: [...record.denied],
    source: record.sourceAddress,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    cause: record.cause,
    bytesToViewer: record.bytesToViewer,
    bytesToServer: record.bytesToServer,
  };
}
