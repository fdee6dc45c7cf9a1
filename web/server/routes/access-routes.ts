import type { FastifyInstance } from "fastify";
import {
  isGrantAbout,
  type MachineRecord,
  type NamedGrant,
  type Proxy,
  type RightsTarget,
} from "../../../proxy/index.ts";
import type { DesktopAccessAnswer, MemberRow, UserAccess } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId } from "../guard/parse-input.ts";
import {
  desktopAccess,
  describeMachineTarget,
  describeTarget,
  findMachineOf,
  machineAccess,
  viewerOf,
  visibleScope,
} from "../view/permissions.ts";
import type { LoadReadModel, ReadModel } from "../view/read-model.ts";
import { serializeGrant } from "../view/serialize-grant.ts";

/** Of each kind, in one answer. */
const MAX_ACCESS_ROWS = 1000;
/** Grants that are looked at for one desktop: all patterns are among them. */
const MAX_GRANTS_READ = 20_000;
/** People whose rights are read at once. */
const AT_ONCE = 32;

/** Explains who may use what, in both directions, for administrators and auditors. */
export function routeAccess(api: FastifyInstance, proxy: Proxy, loadReadModel: LoadReadModel): void {
  const { users, grants, groups } = proxy.stores;

  api.get("/users/:id/access", async (request): Promise<UserAccess> => {
    requirePower(request, "audit");
    const user = await users.find(parseId(request));
    if (user === null) throw refuse("USER_UNKNOWN");
    const viewer = await viewerOf(proxy.rights, { userId: user.id, role: user.role });
    const [memberOf, reaching, model] = await Promise.all([
      groups.listAllOf(user.id, MAX_ACCESS_ROWS + 1),
      grants.listReaching(user.id, MAX_ACCESS_ROWS + 1),
      loadReadModel(visibleScope(viewer)),
    ]);
    const machines = [...model.machines.values()].flatMap((machine) => {
      const level = machineAccess(viewer, machine, model);
      return level === null ? [] : [{ id: machine.id, name: machine.name, level }];
    });
    const desktops = [...model.desktops.values()].flatMap((desktop) => {
      const level = desktopAccess(viewer, desktop, model);
      const { id, name, agentName: agent } = desktop;
      return level === null ? [] : [{ id, name, agent, level }];
    });
    return {
      role: user.role,
      groups: memberOf.slice(0, MAX_ACCESS_ROWS),
      grants: reaching.slice(0, MAX_ACCESS_ROWS).map(serializeGrant),
      machines: machines.slice(0, MAX_ACCESS_ROWS),
      desktops: desktops.slice(0, MAX_ACCESS_ROWS),
      more: [memberOf, reaching, machines, desktops].some(({ length }) => length > MAX_ACCESS_ROWS),
    };
  });

  api.get("/desktops/:id/access", async (request): Promise<DesktopAccessAnswer> => {
    requirePower(request, "audit");
    const id = parseId(request);
    const model = await loadReadModel({ kind: "named", desktopIds: [id] });
    const desktop = model.desktops.get(id);
    if (desktop === undefined) throw refuse("DESKTOP_UNKNOWN");
    const owner = ownerOf(findMachineOf(desktop, model), model);
    return describeAccess(describeTarget(desktop, model), owner);
  });

  api.get("/machines/:id/access", async (request): Promise<DesktopAccessAnswer> => {
    requirePower(request, "audit");
    const id = parseId(request);
    const model = await loadReadModel({ kind: "named", machineIds: [id] });
    const machine = model.machines.get(id);
    if (machine === undefined) throw refuse("MACHINE_UNKNOWN");
    return describeAccess(describeMachineTarget(machine, model), ownerOf(machine, model));
  });

  async function describeAccess(target: RightsTarget, owner: MemberRow | null): Promise<DesktopAccessAnswer> {
    const candidates = await grants.listAbout(target, MAX_GRANTS_READ);
    const about = candidates.filter((grant) => isGrantAbout(grant, target));
    const holders = await listHolders(about);
    const people: DesktopAccessAnswer["people"] = [];
    for (let from = 0; from < Math.min(holders.length, MAX_ACCESS_ROWS); from += AT_ONCE)
      people.push(
        ...(await Promise.all(
          holders.slice(from, Math.min(from + AT_ONCE, MAX_ACCESS_ROWS)).map(async (person) => {
            const rights = await proxy.rights.of(person.id);
            return { ...person, level: rights?.judge(target, person.id === owner?.id) ?? null };
          }),
        )),
      );
    return {
      owner,
      grants: about.slice(0, MAX_ACCESS_ROWS).map(serializeGrant),
      people,
      more:
        about.length > MAX_ACCESS_ROWS ||
        holders.length > MAX_ACCESS_ROWS ||
        candidates.length === MAX_GRANTS_READ,
    };
  }

  /** Each person once, those of groups included; a few more than an answer has, where there are more. */
  async function listHolders(about: readonly NamedGrant[]): Promise<MemberRow[]> {
    const people = new Map<string, string>();
    const seen = new Set<string>();
    for (const { userId, groupId, holderName } of about) {
      if (people.size > MAX_ACCESS_ROWS) break;
      if (userId !== null) people.set(userId, holderName);
      if (groupId === null || seen.has(groupId)) continue;
      seen.add(groupId);
      for (const { id, name } of await groups.listMembers(groupId, { limit: MAX_ACCESS_ROWS + 1 }))
        people.set(id, name);
    }
    return [...people].map(([id, name]) => ({ id, name }));
  }
}

function ownerOf(machine: MachineRecord | null, { userNames }: ReadModel): MemberRow | null {
  return machine && { id: machine.ownerId, name: userNames.get(machine.ownerId) ?? "" };
}
