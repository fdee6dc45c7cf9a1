import type { Desktop, Machine } from "../../api/schemas.ts";
import type { WallState } from "./wall-state.ts";

export interface WallRows {
  /** Newest first. */
  readonly machines: readonly Machine[];
  /** Published by agents, or of machines that this person may not see: online first, then by name. */
  readonly desktops: readonly Desktop[];
}

export function arrangeWall(state: Pick<WallState, "machines" | "desktops">): WallRows {
  const machines = Object.values(state.machines).sort(
    (a, b) => b.createdAt - a.createdAt || a.name.localeCompare(b.name),
  );
  const desktops = Object.values(state.desktops)
    .filter(({ machineId }) => machineId === null || !(machineId in state.machines))
    .sort((a, b) => (a.state === b.state ? a.name.localeCompare(b.name) : a.state === "online" ? -1 : 1));
  return { machines, desktops };
}
