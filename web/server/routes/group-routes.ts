import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  OWN_GROUPS,
  type AuditEntry,
  type GroupRecord,
  type Proxy,
  type UserRecord,
} from "../../../proxy/index.ts";
import { groupLimits } from "../../../orchestrator/index.ts";
import {
  groupChange,
  groupCreateRequest,
  groupQuery,
  memberParams,
  memberQuery,
  memberRequest,
  type GroupRow,
  type MemberRow,
} from "../../api/schemas.ts";
import { InputInvalid, refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireMatch, sendTag } from "../guard/if-match.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";

/** Groups of people and their limits, for administrators; auditors may read them. */
export function routeGroups(api: FastifyInstance, proxy: Proxy): void {
  const { groups, users, grants } = proxy.stores;

  api.get("/groups", async (request): Promise<GroupRow[]> => {
    requirePower(request, "audit");
    const { search, after, limit } = parseInput(groupQuery, request.query);
    const found = await groups.list({
      limit,
      ...(search !== undefined && { search }),
      ...(after !== undefined && { after }),
    });
    return found.map(serializeGroup);
  });

  api.get("/groups/:id", async (request, reply): Promise<GroupRow> => {
    requirePower(request, "audit");
    return readRow(sendTag(reply, await find(request)));
  });

  api.post("/groups", async (request, reply): Promise<GroupRow> => {
    requirePower(request, "administer");
    const { name, source, knownAs = name, limits } = parseInput(groupCreateRequest, request.body);
    checkLimits(limits);
    // A group without grants and members gives nothing but its limits, which come to nobody yet.
    const group = await groups.add({ name, source, knownAs, limits });
    proxy.audit(entry(request, "group.add", group));
    void reply.code(201);
    return serializeGroup({ ...sendTag(reply, group), members: 0 });
  });

  api.patch("/groups/:id", async (request, reply): Promise<GroupRow> => {
    requirePower(request, "administer");
    const { name, limits } = parseInput(groupChange, request.body);
    if (limits !== undefined) checkLimits(limits);
    const found = await find(request);
    const namesake = name === undefined ? null : await groups.findByName(name);
    if (namesake !== null && namesake.id !== found.id) throw refuse("GROUP_EXISTS");
    await requireMatch(request, found, (...version) => groups.takeVersion(...version));
    let group = found;
    if (name !== undefined && name !== found.name) {
      const line = entry(request, "group.rename", { ...found, name });
      group = (await auditAhead(proxy, line, () => groups.rename(found.id, name))) ?? group;
    }
    if (limits !== undefined) {
      const line = entry(request, "group.change", group);
      group = (await auditAhead(proxy, line, () => groups.setLimits(group.id, limits))) ?? group;
      await proxy.checkSessions();
    }
    return readRow(sendTag(reply, group));
  });

  api.delete("/groups/:id", async (request, reply) => {
    requirePower(request, "administer");
    const group = await find(request);
    await requireMatch(request, group, (...version) => groups.takeVersion(...version));
    await takeAway(entry(request, "group.remove", group), group, () => groups.remove(group.id));
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  api.get("/groups/:id/members", async (request): Promise<MemberRow[]> => {
    requirePower(request, "audit");
    const group = await find(request);
    const { after, limit } = parseInput(memberQuery, request.query);
    return groups.listMembers(group.id, { limit, ...(after !== undefined && { after }) });
  });

  api.post("/groups/:id/members", async (request, reply) => {
    requirePower(request, "administer");
    const { user: reference } = parseInput(memberRequest, request.body);
    const group = await findOwn(request);
    const user = (await users.findByName(reference)) ?? (await users.find(reference));
    if (user === null) throw refuse("USER_UNKNOWN");
    await auditAhead(proxy, entry(request, "group.join", group, user), () =>
      groups.addMember(group.id, user.id),
    );
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  api.delete("/groups/:id/members/:userId", async (request, reply) => {
    requirePower(request, "administer");
    const { userId } = parseInput(memberParams, request.params);
    const group = await findOwn(request);
    const user = await users.find(userId);
    if (user === null) throw refuse("USER_UNKNOWN");
    await takeAway(entry(request, "group.leave", group, user), group, () =>
      groups.removeMember(group.id, user.id),
    );
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  async function find(request: FastifyRequest): Promise<GroupRecord> {
    const group = await groups.find(parseId(request));
    if (group === null) throw refuse("GROUP_UNKNOWN");
    return group;
  }

  /** What a provider says of its groups is not changed here: it would come back at the next sign-in. */
  async function findOwn(request: FastifyRequest): Promise<GroupRecord> {
    const group = await find(request);
    if (group.source !== OWN_GROUPS) throw refuse("GROUP_ELSEWHERE");
    return group;
  }

  async function readRow(group: GroupRecord): Promise<GroupRow> {
    return serializeGroup({ ...group, members: await groups.countMembers(group.id) });
  }

  /** What ends rights does not wait for the audit log, unless it ends a denial. */
  async function takeAway(line: AuditEntry, { id }: GroupRecord, act: () => Promise<unknown>): Promise<void> {
    const rules = (await grants.listRules([id])).get(id) ?? [];
    if (rules.some(({ may }) => may === "none")) {
      await auditAhead(proxy, line, act);
      return;
    }
    await act();
    proxy.audit(line);
  }
}

function entry(
  request: FastifyRequest,
  action: AuditEntry["action"],
  { id: groupId, name: groupName }: GroupRecord,
  user?: UserRecord,
): AuditEntry {
  const target = user && { targetId: user.id, targetName: user.name };
  return { action, outcome: "success", groupId, groupName, ...target, ...auditActor(request) };
}

/** @throws RequestError `INPUT_INVALID` */
function checkLimits(limits: unknown): void {
  const { error } = groupLimits.safeParse(limits);
  const issue = error?.issues[0];
  if (issue !== undefined) throw new InputInvalid(["limits", ...issue.path].join("."), `${issue.message}.`);
}

function serializeGroup(group: GroupRecord & { readonly members: number }): GroupRow {
  const { id, name, source, knownAs, limits, members, createdAt } = group;
  return { id, name, source, knownAs, limits: { ...limits }, members, createdAt };
}
