import type { Desktop, Machine } from "../../api/schemas.ts";

export type ConnectableDisplay = Machine["screens"][number];
type MachineWithDisplays = Pick<Machine, "name" | "desktop" | "desktopId" | "screens">;

/** The displays of a machine that can be connected to now, with their numbers. */
export function listConnectableDisplays({
  desktop,
  desktopId,
  screens,
}: Omit<MachineWithDisplays, "name">): readonly ConnectableDisplay[] {
  return desktopId === null ? screens : [{ number: 1, desktop, desktopId }, ...screens];
}

/** The number of the machine's display that a desktop is. Null: unknown. */
export function findDisplayNumber(
  machine: MachineWithDisplays,
  desktopId: string,
  desktop: Desktop | null,
): number | null {
  const listed = listConnectableDisplays(machine).find((screen) => screen.desktopId === desktopId);
  if (listed !== undefined) return listed.number;
  if (desktop === null) return null;
  // A desktop that is offline is not listed, but still has its name.
  return desktop.name === machine.name ? 1 : Number(/-([2-9])$/.exec(desktop.name)?.[1] ?? 1);
}
