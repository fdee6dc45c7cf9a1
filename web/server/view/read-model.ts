import type { DesktopView, MachineRecord, Proxy, RulePattern } from "../../../proxy/index.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";

/** What is known besides the database: of images, from the latest catalogue, and of guests that run. */
export interface KnownMetadata {
  readonly imageTitle: (image: string) => string;
  readonly takesScripts: (image: string) => boolean;
  readonly guestAddresses: (machineId: string) => readonly string[];
}

/** Which machines and desktops are to be shown. What their views need beside them is read too, and nothing else. */
export type ReadScope =
  | { readonly kind: "all" }
  /** The machines of one person, and their desktops. */
  | { readonly kind: "owner"; readonly ownerId: string }
  /** Their own machines, and what grants may let them see: more than they do in fact. */
  | { readonly kind: "person"; readonly userId: string; readonly patterns: readonly RulePattern[] }
  /** These, and the machines of these desktops. */
  | {
      readonly kind: "named";
      readonly machineIds?: readonly string[];
      readonly desktopIds?: readonly string[];
    };

/** What views of machines and desktops are made from, read at one moment. It holds what was asked for. */
export interface ReadModel extends KnownMetadata {
  readonly machines: ReadonlyMap<string, MachineRecord>;
  readonly desktops: ReadonlyMap<string, DesktopView>;
  /** Desktops by the machine whose screens they are. */
  readonly machineDesktops: ReadonlyMap<string, readonly DesktopView[]>;
  readonly userNames: ReadonlyMap<string, string>;
  readonly agentNames: ReadonlyMap<string, string>;
  /** Labels by the ids of desktops and agents. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly canAskHost: (agentId: string) => boolean;
  /** Viewers that are connected now, by desktop. */
  readonly viewers: ReadonlyMap<string, number>;
}

export type LoadReadModel = (scope: ReadScope) => Promise<ReadModel>;

/** The cost is that of what is asked for, not of all there is. */
export async function loadReadModel(
  proxy: Proxy,
  known: KnownMetadata,
  scope: ReadScope,
): Promise<ReadModel> {
  const { stores } = proxy;
  const { machines, desktops } = await readScope(proxy, scope);
  const [userNames, agentNames, labels] = await Promise.all([
    stores.users.findNames(machines.map(({ ownerId }) => ownerId)),
    stores.agents.findNames(machines.flatMap(({ agentId }) => agentId ?? [])),
    readLabels(proxy, scope, { machines, desktops }),
  ]);
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  return {
    machines: byId,
    desktops: new Map(desktops.map((desktop) => [desktop.id, desktop])),
    machineDesktops: mapMachineDesktops(byId, desktops),
    userNames,
    agentNames,
    labels,
    canAskHost: (agentId) => proxy.canAskHost(agentId),
    viewers: countViewers(proxy),
    ...known,
  };
}

interface ScopedRecords {
  readonly machines: readonly MachineRecord[];
  readonly desktops: readonly DesktopView[];
}

async function readScope({ stores }: Pick<Proxy, "stores">, scope: ReadScope): Promise<ScopedRecords> {
  switch (scope.kind) {
    case "all": {
      const [machines, desktops] = await Promise.all([stores.machines.list(), stores.desktops.list()]);
      return { machines, desktops };
    }
    case "owner": {
      const machines = await stores.machines.listByOwner(scope.ownerId);
      return { machines, desktops: await stores.desktops.listByMachines(machines.map(({ id }) => id)) };
    }
    case "person": {
      const { userId, patterns } = scope;
      const reached = await stores.grants.listReachable(userId, patterns);
      if (reached === null) return readScope({ stores }, { kind: "all" });
      const [own, machines] = await Promise.all([
        stores.machines.listByOwner(userId),
        stores.machines.findMany(reached.machineIds),
      ]);
      const screens = [...own, ...machines].map(({ id }) => id);
      const [named, others] = await Promise.all([
        stores.desktops.findMany(reached.desktopIds),
        stores.desktops.listByMachines(screens),
      ]);
      return { machines: [...own, ...machines], desktops: [...named, ...others] };
    }
    case "named": {
      const named = await stores.desktops.findMany(scope.desktopIds ?? []);
      const machineIds = [...(scope.machineIds ?? []), ...named.flatMap(({ machineId }) => machineId ?? [])];
      const machines = await stores.machines.findMany(machineIds);
      const others = await stores.desktops.listByMachines(machines.map(({ id }) => id));
      return { machines, desktops: [...named, ...others] };
    }
  }
}

/** Who sees nothing but what is their own needs none. */
async function readLabels(
  { stores, rights }: Proxy,
  scope: ReadScope,
  { machines, desktops }: ScopedRecords,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (scope.kind === "owner") return new Map();
  if (scope.kind === "all") return stores.labels.list();
  const agentIds = [...machines, ...desktops].flatMap(({ agentId }) => agentId ?? []);
  return rights.labelsOf([...new Set([...agentIds, ...desktops.map(({ id }) => id)])]);
}

function mapMachineDesktops(
  machines: ReadonlyMap<string, MachineRecord>,
  desktops: readonly DesktopView[],
): Map<string, DesktopView[]> {
  const screens = new Map<string, DesktopView[]>();
  for (const desktop of new Map(desktops.map((one) => [one.id, one])).values()) {
    const machine = desktop.machineId === null ? undefined : machines.get(desktop.machineId);
    if (machine === undefined || !isDesktopOf(desktop, machine)) continue;
    const known = screens.get(machine.id);
    if (known === undefined) screens.set(machine.id, [desktop]);
    else known.push(desktop);
  }
  return screens;
}

function countViewers(proxy: Proxy): Map<string, number> {
  const viewers = new Map<string, number>();
  for (const { desktopId } of proxy.openSessions()) viewers.set(desktopId, (viewers.get(desktopId) ?? 0) + 1);
  return viewers;
}
