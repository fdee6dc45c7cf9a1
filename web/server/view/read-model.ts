import type { DesktopView, MachineRecord, Proxy } from "../../../proxy/index.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";

/** What is known of images, from the latest catalogue. */
export interface ImageMetadata {
  readonly imageTitle: (image: string) => string;
  readonly takesScripts: (image: string) => boolean;
}

/** Everything that views of machines and desktops are made from, read at one moment. */
export interface ReadModel extends ImageMetadata {
  readonly machines: ReadonlyMap<string, MachineRecord>;
  readonly desktops: ReadonlyMap<string, DesktopView>;
  /** Desktops by the machine whose screens they are. */
  readonly machineDesktops: ReadonlyMap<string, readonly DesktopView[]>;
  readonly userNames: ReadonlyMap<string, string>;
  readonly agentNames: ReadonlyMap<string, string>;
  /** Viewers that are connected now, by desktop. */
  readonly viewers: ReadonlyMap<string, number>;
}

export async function loadReadModel(proxy: Proxy, images: ImageMetadata): Promise<ReadModel> {
  const { stores } = proxy;
  const [machines, desktops, users, agents] = await Promise.all([
    stores.machines.list(),
    stores.desktops.list(),
    stores.users.list(),
    stores.agents.list(),
  ]);
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  return {
    machines: byId,
    desktops: new Map(desktops.map((desktop) => [desktop.id, desktop])),
    machineDesktops: mapMachineDesktops(byId, desktops),
    userNames: new Map(users.map((user) => [user.id, user.name])),
    agentNames: new Map(agents.map((agent) => [agent.id, agent.name])),
    viewers: countViewers(proxy),
    ...images,
  };
}

function mapMachineDesktops(
  machines: ReadonlyMap<string, MachineRecord>,
  desktops: readonly DesktopView[],
): Map<string, DesktopView[]> {
  const screens = new Map<string, DesktopView[]>();
  for (const desktop of desktops) {
    const machine = desktop.machineId === null ? undefined : machines.get(desktop.machineId);
    if (machine !== undefined && isDesktopOf(desktop, machine))
      screens.set(machine.id, [...(screens.get(machine.id) ?? []), desktop]);
  }
  return screens;
}

function countViewers(proxy: Proxy): Map<string, number> {
  const viewers = new Map<string, number>();
  for (const { desktopId } of proxy.openSessions()) viewers.set(desktopId, (viewers.get(desktopId) ?? 0) + 1);
  return viewers;
}
