import type { DesktopView, MachineRecord } from "../../../proxy/index.ts";
import type { Caller } from "../guard/caller.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";
import type { ReadModel } from "./read-model.ts";

export type Requester = Pick<Caller, "userId" | "role">;

/** Users see their own machines; administrators see all. */
export function maySeeMachine(viewer: Requester, machine: Pick<MachineRecord, "ownerId">): boolean {
  return viewer.role === "admin" || machine.ownerId === viewer.userId;
}

/** What is for the owner's eyes is for no administrator's either. */
export function ownsMachine({ userId }: Requester, { ownerId }: Pick<MachineRecord, "ownerId">): boolean {
  return ownerId === userId;
}

/** Users see the desktops of their own machines; administrators see all. */
export function maySeeDesktop(viewer: Requester, desktop: DesktopView, snapshot: ReadModel): boolean {
  if (viewer.role === "admin") return true;
  const machine = desktop.machineId === null ? undefined : snapshot.machines.get(desktop.machineId);
  return machine !== undefined && isDesktopOf(desktop, machine) && maySeeMachine(viewer, machine);
}
