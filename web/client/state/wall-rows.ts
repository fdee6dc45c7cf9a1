import type { Desktop, Machine } from "../../api/schemas.ts";
import type { WallState } from "./wall-state.ts";

export interface WallRows {
  /** Newest first. */
  readonly machines: readonly Machine[];
  /** Published by agents, or of machines that this person may not see: online first, then by name. */
  readonly desktops: readonly Desktop[];
}

/** "desk-9" comes before "desk-10". */
export const byName = new Intl.Collator(undefined, { numeric: true });

export function arrangeWall(state: Pick<WallState, "machines" | "desktops">): WallRows {
  const machines = Object.values(state.machines).sort(
    (a, b) => b.createdAt - a.createdAt || byName.compare(a.name, b.name),
  );
  const desktops = Object.values(state.desktops)
    .filter(({ machineId }) => machineId === null || !(machineId in state.machines))
    .sort((a, b) => (a.state === b.state ? byName.compare(a.name, b.name) : a.state === "online" ? -1 : 1));
  return { machines, desktops };
}
