import type { DesktopView, MachineRecord } from "../../../proxy/index.ts";
import type { Caller } from "../guard/caller.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";
import type { ReadModel, ReadScope } from "./read-model.ts";

export type Requester = Pick<Caller, "userId" | "role">;

/** What a list of this person's machines or desktops is made from: see {@link maySeeMachine}, {@link maySeeDesktop}. */
export function visibleScope({ role, userId }: Requester): ReadScope {
  return role === "admin" ? { kind: "all" } : { kind: "owner", ownerId: userId };
}

/** Users see their own machines; administrators see all. */
export function maySeeMachine(viewer: Requester, machine: Pick<MachineRecord, "ownerId">): boolean {
  return viewer.role === "admin" || machine.ownerId === viewer.userId;
}

/** What only the owner may see, administrators may not see either. */
export function ownsMachine({ userId }: Requester, { ownerId }: Pick<MachineRecord, "ownerId">): boolean {
  return ownerId === userId;
}

/** Users see the desktops of their own machines; administrators see all. */
export function maySeeDesktop(viewer: Requester, desktop: DesktopView, model: ReadModel): boolean {
  if (viewer.role === "admin") return true;
  const machine = desktop.machineId === null ? undefined : model.machines.get(desktop.machineId);
  return machine !== undefined && isDesktopOf(desktop, machine) && maySeeMachine(viewer, machine);
}
