import type { Desktop, Machine } from "../../api/schemas.ts";

export type ConnectableDisplay = Machine["screens"][number];
type MachineWithDisplays = Pick<Machine, "name" | "desktop" | "desktopId" | "screens">;

/** The screens of a machine that can be connected to now, by their numbers. */
export function listConnectableDisplays({
  desktop,
  desktopId,
  screens,
}: Omit<MachineWithDisplays, "name">): readonly ConnectableDisplay[] {
  return desktopId === null ? screens : [{ number: 1, desktop, desktopId }, ...screens];
}

/** Which screen of a machine a desktop is; null: nothing known says it. */
export function findDisplayNumber(
  machine: MachineWithDisplays,
  desktopId: string,
  desktop: Desktop | null,
): number | null {
  const listed = listConnectableDisplays(machine).find((screen) => screen.desktopId === desktopId);
  if (listed !== undefined) return listed.number;
  if (desktop === null) return null;
  // One that is away is not listed, but has its name still.
  return desktop.name === machine.name ? 1 : Number(/-([2-9])$/.exec(desktop.name)?.[1] ?? 1);
}
