import { useEffect, useState } from "preact/hooks";
import type { Desktop, Machine } from "../../api/schemas.ts";
import { buildViewPath } from "../page-route.ts";
import { useWall } from "../state/app-context.ts";
import {
  listConnectableDisplays,
  findDisplayNumber,
  type ConnectableDisplay,
} from "../state/connectable-displays.ts";

interface ViewedDesktop {
  /** The desktop to dial: after a restart a machine has another desktop. */
  readonly desktopId: string;
  readonly desktop: Desktop | null;
  readonly machine: Machine | null;
  /** The display to show. Null: the machine has none of this number now, or there is no machine. */
  readonly display: ConnectableDisplay | null;
  /** The machine's other displays that can be connected to. */
  readonly others: readonly ConnectableDisplay[];
  /** The desktop's name, also while it is offline. */
  readonly name: string | null;
}

/** What the wall knows about the desktop in the address, and about its machine even while that is off. */
export function useViewedDesktop(routeId: string): ViewedDesktop {
  const desktops = useWall((state) => state.desktops);
  const machines = useWall((state) => state.machines);
  const [machineId, setMachineId] = useState<string | null>(null);
  const [number, setNumber] = useState(1);
  const found =
    desktops[routeId]?.machineId ??
    Object.values(machines).find((one) =>
      listConnectableDisplays(one).some(({ desktopId }) => desktopId === routeId),
    )?.id;
  const known = found ?? machineId;
  const machine = known === null ? null : (machines[known] ?? null);
  const seen = machine === null ? null : findDisplayNumber(machine, routeId, desktops[routeId] ?? null);
  useEffect(() => {
    if (found !== undefined) setMachineId(found);
    if (seen !== null) setNumber(seen);
  }, [found, seen]);

  const screens = machine === null ? [] : listConnectableDisplays(machine);
  const wanted = seen ?? number;
  const display = screens.find((one) => one.number === wanted) ?? null;
  const [desktopId, setDesktopId] = useState(routeId);
  const current = display?.desktopId ?? desktopId;
  useEffect(() => {
    if (current === desktopId) return;
    setDesktopId(current);
    history.replaceState(null, "", buildViewPath(current));
  }, [current, desktopId]);

  const desktop = desktops[current] ?? null;
  return {
    ...{ desktopId: current, desktop, machine, display },
    others: screens.filter((one) => one !== display),
    name: (wanted === 1 ? machine?.name : display?.desktop) ?? desktop?.name ?? machine?.name ?? null,
  };
}
