import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditEntry, NamedGrant, NewGrant, Proxy } from "../../../proxy/index.ts";
import {
  grantCreateRequest,
  grantQuery,
  labelsRequest,
  type GrantRow,
  type LabelRow,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireCaller } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import { serializeGrant } from "../view/serialize-grant.ts";

interface Holder {
  readonly id: string;
  readonly name: string;
  readonly isGroup: boolean;
}

/** Grants, and the labels that they may be about, for administrators; auditors may read them. */
export function routeGrants(api: FastifyInstance, proxy: Proxy): void {
  const { grants, groups, users, desktops, agents, labels } = proxy.stores;

  api.get("/grants", async (request): Promise<GrantRow[]> => {
    requirePower(request, "audit");
    const { to, target, search, after: afterId, limit } = parseInput(grantQuery, request.query);
    const holderId = to === undefined ? undefined : (await findHolder(to)).id;
    const after = afterId === undefined ? undefined : ((await grants.find(afterId)) ?? undefined);
    if (afterId !== undefined && after === undefined) throw refuse("GRANT_UNKNOWN");
    const found = await grants.list({
      limit,
      ...(holderId !== undefined && { holderId }),
      ...(target !== undefined && { target }),
      ...(search !== undefined && { search }),
      ...(after !== undefined && { after }),
    });
    return found.map(serializeGrant);
  });

  api.post("/grants", async (request, reply): Promise<GrantRow> => {
    const { userId } = requirePower(request, "administer");
    const { to, may, on } = parseInput(grantCreateRequest, request.body);
    const colon = on.indexOf(":");
    // The schema has checked what is before the colon.
    const target = on.slice(0, colon) as NewGrant["target"];
    const holder = await findHolder(to);
    const grant: NewGrant = {
      holder: holder.isGroup ? { groupId: holder.id } : { userId: holder.id },
      may,
      target,
      pattern: on.slice(colon + 1),
      createdBy: userId,
    };
    const line = entry(request, "grant.add", { ...grant, holder });
    const add = () => grants.add(grant);
    const made = may === "none" ? await add() : await auditAhead(proxy, line, add);
    if (may === "none") proxy.audit({ ...line, grantId: made.id });
    await proxy.checkSessions();
    void reply.code(201);
    return serializeGrant({ ...made, holderName: holder.name });
  });

  api.delete("/grants/:id", async (request, reply) => {
    requirePower(request, "administer");
    const grant = await grants.find(parseId(request));
    if (grant === null) throw refuse("GRANT_UNKNOWN");
    const line = { ...entry(request, "grant.remove", describe(grant)), grantId: grant.id };
    const remove = () => grants.remove(grant.id);
    // The end of a denial gives something.
    await (grant.may === "none" ? auditAhead(proxy, line, remove) : remove());
    if (grant.may !== "none") proxy.audit(line);
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  api.get("/labels", async (request): Promise<LabelRow[]> => {
    requirePower(request, "oversee");
    return [...(await labels.list())].map(([id, list]) => ({ id, labels: list }));
  });

  api.put("/desktops/:id/labels", async (request, reply) => {
    requirePower(request, "administer");
    const { labels: list } = parseInput(labelsRequest, request.body);
    const desktop = await desktops.find(parseId(request));
    if (desktop === null) throw refuse("DESKTOP_UNKNOWN");
    const { id: desktopId, name: desktopName, agentId } = desktop;
    await setLabels(request, { desktopId, desktopName, agentId }, { desktopId }, list);
    return reply.code(204).send();
  });

  api.put("/agents/:id/labels", async (request, reply) => {
    requirePower(request, "administer");
    const { labels: list } = parseInput(labelsRequest, request.body);
    const agent = await agents.find(parseId(request));
    if (agent === null) throw refuse("AGENT_UNKNOWN");
    await setLabels(request, { agentId: agent.id }, { agentId: agent.id }, list);
    return reply.code(204).send();
  });

  /** A label may give rights, or take a denial away. */
  async function setLabels(
    request: FastifyRequest,
    about: Partial<AuditEntry>,
    target: Parameters<typeof labels.set>[0],
    list: readonly string[],
  ): Promise<void> {
    const { userId: actor, name: actorName } = requireCaller(request);
    const action = "desktopId" in target ? "desktop.label" : "agent.label";
    const line: AuditEntry = {
      action,
      outcome: "success",
      actor,
      actorName,
      ...about,
      grant: list.join(" "),
      ...auditActor(request),
    };
    await auditAhead(proxy, line, () => labels.set(target, list));
    await proxy.checkSessions();
  }

  /** @param to `user:NAME` or `group:NAME`; a name takes precedence over an id, which nobody can choose */
  async function findHolder(to: string): Promise<Holder> {
    const colon = to.indexOf(":");
    const reference = to.slice(colon + 1);
    if (to.slice(0, colon) === "user") {
      const user = (await users.findByName(reference)) ?? (await users.find(reference));
      if (user === null) throw refuse("USER_UNKNOWN");
      return { id: user.id, name: user.name, isGroup: false };
    }
    const group = (await groups.findByName(reference)) ?? (await groups.find(reference));
    if (group === null) throw refuse("GROUP_UNKNOWN");
    return { id: group.id, name: group.name, isGroup: true };
  }
}

function describe({ userId, groupId, holderName, ...grant }: NamedGrant): Described {
  return { ...grant, holder: { id: userId ?? groupId ?? "", name: holderName, isGroup: userId === null } };
}

type Described = Pick<NamedGrant, "may" | "target" | "pattern"> & { readonly holder: Holder };

function entry(
  request: FastifyRequest,
  action: "grant.add" | "grant.remove",
  { holder: { id, name, isGroup }, may, target, pattern }: Described,
): AuditEntry {
  const to = isGroup ? { groupId: id, groupName: name } : { targetId: id, targetName: name };
  return {
    action,
    outcome: "success",
    ...to,
    role: may,
    grant: `${target}:${pattern}`,
    ...auditActor(request),
  };
}
