import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditEntry, Proxy } from "../../../proxy/index.ts";
import { authorityRetirement, type AuthorityStatus } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requirePower } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";

/** Rotation of the service's CA, and retirement of the previous one. */
export function routeAuthorityRotation(api: FastifyInstance, proxy: Proxy): void {
  const { authority } = proxy;

  api.get("/ca/status", (request): Promise<AuthorityStatus> => {
    requirePower(request, "administer");
    return describeStatus();
  });

  api.post("/ca/rotate", async (request): Promise<AuthorityStatus> => {
    requirePower(request, "administer");
    // Known before its line is written.
    if (authority.previous !== null) throw refuse("CA_ROTATING");
    await auditAhead(proxy, entry(request, "ca.rotate"), () => authority.rotate());
    return describeStatus();
  });

  api.post("/ca/retire", async (request): Promise<AuthorityStatus> => {
    requirePower(request, "administer");
    const { force } = parseInput(authorityRetirement, request.body);
    // It takes a right away: its line follows.
    await authority.retire(force);
    proxy.audit(entry(request, "ca.retire"));
    return describeStatus();
  });

  async function describeStatus(): Promise<AuthorityStatus> {
    const { fingerprint, previous } = authority;
    const behind = await authority.listBehind();
    return {
      fingerprint,
      previous,
      behind: behind.map(({ id, name, lastSeenAt }) => ({ id, name, lastSeenAt })),
    };
  }

  function entry(request: FastifyRequest, action: "ca.rotate" | "ca.retire"): AuditEntry {
    return { action, outcome: "success", ...auditActor(request) };
  }
}
