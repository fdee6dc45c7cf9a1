import type { DesktopView, MachineRecord } from "../../../proxy/index.ts";
import type { Caller } from "../guard/caller.ts";
import { hasPower } from "../guard/powers.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";
import type { ReadModel, ReadScope } from "./read-model.ts";

export type Requester = Pick<Caller, "userId" | "role">;

/**
 * How far a person's right to a machine or a desktop goes; each includes those before it. `see`: name and state; `view`: the
 * picture; `control`: keyboard, mouse and power; `manage`: snapshots, boot log, removal.
 */
const ACCESS_LEVELS = ["see", "view", "control", "manage"] as const;
export type AccessLevel = (typeof ACCESS_LEVELS)[number];

/** What a list of this person's machines or desktops is made from: see {@link mayUseMachine}, {@link mayUseDesktop}. */
export function visibleScope(viewer: Requester): ReadScope {
  return hasPower(viewer, "oversee") ? { kind: "all" } : { kind: "owner", ownerId: viewer.userId };
}

/** Null: the machine does not exist for this person. */
export function machineAccess(
  viewer: Requester,
  machine: Pick<MachineRecord, "ownerId">,
): AccessLevel | null {
  if (ownsMachine(viewer, machine) || hasPower(viewer, "operate")) return "manage";
  return hasPower(viewer, "oversee") ? "see" : null;
}

/** A machine's desktop is as the machine; one that an agent publishes is for those who operate or oversee the server. */
export function desktopAccess(viewer: Requester, desktop: DesktopView, model: ReadModel): AccessLevel | null {
  if (hasPower(viewer, "operate")) return "manage";
  const machine = desktop.machineId === null ? undefined : model.machines.get(desktop.machineId);
  if (machine !== undefined && isDesktopOf(desktop, machine)) return machineAccess(viewer, machine);
  return hasPower(viewer, "oversee") ? "see" : null;
}

export function mayUseMachine(
  viewer: Requester,
  machine: Pick<MachineRecord, "ownerId">,
  level: AccessLevel,
): boolean {
  return includesLevel(machineAccess(viewer, machine), level);
}

export function mayUseDesktop(
  viewer: Requester,
  desktop: DesktopView,
  model: ReadModel,
  level: AccessLevel,
): boolean {
  return includesLevel(desktopAccess(viewer, desktop, model), level);
}

export function includesLevel(given: AccessLevel | null, wanted: AccessLevel): boolean {
  return given !== null && ACCESS_LEVELS.indexOf(given) >= ACCESS_LEVELS.indexOf(wanted);
}

/** What only the owner may see, administrators may not see either. */
export function ownsMachine({ userId }: Requester, { ownerId }: Pick<MachineRecord, "ownerId">): boolean {
  return ownerId === userId;
}
