import { useEffect, useState } from "preact/hooks";
import type { Desktop, Machine } from "../../api/schemas.ts";
import { viewPath } from "../route.ts";
import { useWall } from "../state/context.ts";

interface DesktopUse {
  /** The one to dial: a machine that was off comes back with another desktop. */
  readonly desktopId: string;
  readonly desktop: Desktop | null;
  readonly machine: Machine | null;
}

/** What the wall knows about the desktop in the address, and about its machine even while that is off. */
export function useDesktop(routeId: string): DesktopUse {
  const desktops = useWall((state) => state.desktops);
  const machines = useWall((state) => state.machines);
  const [machineId, setMachineId] = useState<string | null>(null);
  const found =
    desktops[routeId]?.machineId ??
    Object.values(machines).find((machine) => machine.desktopId === routeId)?.id;
  useEffect(() => {
    if (found !== undefined) setMachineId(found);
  }, [found]);

  const known = found ?? machineId;
  const machine = known === null ? null : (machines[known] ?? null);
  const [desktopId, setDesktopId] = useState(routeId);
  const current = machine?.desktopId ?? desktopId;
  useEffect(() => {
    if (current === desktopId) return;
    setDesktopId(current);
    history.replaceState(null, "", viewPath(current));
  }, [current, desktopId]);

  return { desktopId: current, desktop: desktops[current] ?? null, machine };
}
