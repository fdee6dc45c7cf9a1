import type { DesktopView, MachineRecord, Proxy } from "../../../proxy/index.ts";

/** Everything that views of machines and desktops are made from, read at one moment. */
export interface Snapshot {
  readonly machines: ReadonlyMap<string, MachineRecord>;
  readonly desktops: ReadonlyMap<string, DesktopView>;
  /** Desktops by the machine whose screen they are. */
  readonly screens: ReadonlyMap<string, DesktopView>;
  readonly userNames: ReadonlyMap<string, string>;
  readonly agentNames: ReadonlyMap<string, string>;
  /** Viewers that are connected now, by desktop. */
  readonly viewers: ReadonlyMap<string, number>;
  readonly imageTitle: (image: string) => string;
}

export async function takeSnapshot(proxy: Proxy, imageTitle: (image: string) => string): Promise<Snapshot> {
  const { stores } = proxy;
  const [machines, desktops, users, agents] = await Promise.all([
    stores.machines.list(),
    stores.desktops.list(),
    stores.users.list(),
    stores.agents.list(),
  ]);
  return {
    machines: new Map(machines.map((machine) => [machine.id, machine])),
    desktops: new Map(desktops.map((desktop) => [desktop.id, desktop])),
    screens: new Map(
      desktops.flatMap((desktop) => (desktop.machineId === null ? [] : [[desktop.machineId, desktop]])),
    ),
    userNames: new Map(users.map((user) => [user.id, user.name])),
    agentNames: new Map(agents.map((agent) => [agent.id, agent.name])),
    viewers: countViewers(proxy),
    imageTitle,
  };
}

function countViewers(proxy: Proxy): Map<string, number> {
  const viewers = new Map<string, number>();
  for (const { desktopId } of proxy.openSessions()) viewers.set(desktopId, (viewers.get(desktopId) ?? 0) + 1);
  return viewers;
}
