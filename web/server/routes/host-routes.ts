import { isPosternError } from "../../../protocol/index.ts";
import type { FastifyInstance } from "fastify";
import type { AgentRecord, Proxy } from "../../../proxy/index.ts";
import { drainRequest, type Allowance, type Host, type Image } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireCaller } from "../guard/caller.ts";
import { hasPower, requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import { mayUseImage, type Orchestrator } from "../../../orchestrator/index.ts";

/** Images, the caller's quota, and hosts. */
export function routeHosts(api: FastifyInstance, proxy: Proxy, orchestrator: Orchestrator): void {
  const { catalogue } = orchestrator;
  const { agents, machines } = proxy.stores;

  api.get("/images", async (request): Promise<Image[]> => {
    const caller = requireCaller(request);
    const images = await catalogue.list();
    if (!hasPower(caller, "oversee")) {
      const may = await Promise.all(
        images.map(
          async (image) =>
            mayUseImage(image, caller) &&
            (await orchestrator.createRights.mayUseImage(caller.userId, image.id)),
        ),
      );
      return images.filter((_image, index) => may[index]);
    }
    const names = new Map(proxy.connectedAgents().map(({ id, name }) => [id, name]));
    return Promise.all(
      images.map(async (image) => {
        const { server, hostIds } = await catalogue.findLocations(image.id);
        return { ...image, places: { server, hosts: hostIds.flatMap((id) => names.get(id) ?? []).sort() } };
      }),
    );
  });

  api.get("/allowance", async (request): Promise<Allowance> => {
    const { quota, usage } = await orchestrator.createRequests.readQuotaStatus(requireCaller(request));
    const { machines: most, cpus, memoryMb, diskGb, lifetimeSeconds } = quota;
    return {
      limits: { machines: most, cpus, memoryMb, diskGb, lifetimeSeconds },
      used: {
        machines: usage.machines,
        cpus: usage.cpus,
        memoryMb: usage.memoryMb,
        diskGb: usage.diskGb,
      },
      may: quota.extend ? [...quota.may, "extend"] : [...quota.may],
    };
  });

  api.get("/hosts", async (request): Promise<Host[]> => {
    requirePower(request, "oversee");
    const [hosts, placed] = await Promise.all([agents.listHosts(), machines.countPlaced()]);
    return Promise.all(hosts.map((host) => describe(host, placed)));
  });

  api.post("/hosts/:id/drain", async (request): Promise<Host> => {
    requirePower(request, "operate");
    const id = parseId(request);
    const { drained } = parseInput(drainRequest, request.body);
    const host = await agents.find(id);
    if (host?.kind !== "host") throw refuse("HOST_UNKNOWN");
    const entry = { outcome: "success", agentId: id, ...auditActor(request) } as const;
    const change = (): Promise<AgentRecord> =>
      agents.setDrained(id, drained).catch((error: unknown) => {
        throw isPosternError(error) && error.code === "AGENT_UNKNOWN" ? refuse("HOST_UNKNOWN") : error;
      });
    const changed = await auditAhead(
      proxy,
      { action: drained ? "host.drain" : "host.undrain", ...entry },
      change,
    );
    if (!drained) orchestrator.scheduleSoon();
    return describe(changed, await machines.countPlaced());
  });

  async function describe(record: AgentRecord, placed: ReadonlyMap<string, number>): Promise<Host> {
    const { id, name, serverId, lastSeenAt, drainedAt, admittedAt } = record;
    const here = proxy.connectedAgents().some((agent) => agent.id === id);
    const facts = here && admittedAt !== null ? await orchestrator.hostFacts.get(id) : null;
    return {
      id,
      name,
      state: here || serverId !== null ? "online" : "offline",
      lastSeenAt,
      admitted: admittedAt !== null,
      drained: drainedAt !== null,
      machines: placed.get(id) ?? 0,
      facts: facts?.kind === "known" ? facts.facts : null,
    };
  }
}
