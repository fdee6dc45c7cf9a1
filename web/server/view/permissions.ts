import {
  includesLevel,
  type AccessLevel,
  type DesktopView,
  type MachineRecord,
  type PersonRights,
  type Rights,
  type RightsTarget,
} from "../../../proxy/index.ts";
import type { Caller } from "../guard/caller.ts";
import { hasPower } from "../guard/powers.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";
import type { ReadModel, ReadScope } from "./read-model.ts";

export type Requester = Pick<Caller, "userId" | "role">;
/** A person, with all that was granted to them; null: who has no account here, as the administrator's socket before the first one. */
export interface Viewer extends Requester {
  readonly rights: PersonRights | null;
}

type PlacedMachine = Pick<MachineRecord, "id" | "name" | "ownerId" | "agentId">;
type NamesAndLabels = Pick<ReadModel, "agentNames" | "labels" | "machineDesktops">;

export async function viewerOf<R extends Requester>(
  rights: Pick<Rights, "of">,
  requester: R,
): Promise<R & Viewer> {
  return { ...requester, rights: await rights.of(requester.userId) };
}

/** What a list of this person's machines or desktops is made from: see {@link machineAccess}, {@link desktopAccess}. */
export function visibleScope(viewer: Viewer): ReadScope {
  const { userId, rights } = viewer;
  if (hasPower(viewer, "oversee")) return { kind: "all" };
  if (rights === null || rights.isEmpty) return { kind: "owner", ownerId: userId };
  return { kind: "person", userId, patterns: rights.patterns };
}

/** Null: the machine does not exist for this person. */
export function machineAccess(
  viewer: Viewer,
  machine: PlacedMachine,
  model: NamesAndLabels,
): AccessLevel | null {
  return judge(viewer, ownsMachine(viewer, machine), () => describeMachineTarget(machine, model));
}

/** A machine's desktop is as the machine; one that an agent publishes is nobody's own. */
export function desktopAccess(viewer: Viewer, desktop: DesktopView, model: ReadModel): AccessLevel | null {
  const machine = findMachineOf(desktop, model);
  if (machine !== null) return machineAccess(viewer, machine, model);
  return judge(viewer, false, () => describeDesktopTarget(desktop, model));
}

/** The machine whose screen a desktop is; null: it is none's. */
export function findMachineOf(desktop: DesktopView, { machines }: ReadModel): MachineRecord | null {
  const machine = desktop.machineId === null ? undefined : machines.get(desktop.machineId);
  return machine !== undefined && isDesktopOf(desktop, machine) ? machine : null;
}

/** What grants may be about: of a machine's desktop the machine, by its own name. */
export function describeTarget(desktop: DesktopView, model: ReadModel): RightsTarget {
  const machine = findMachineOf(desktop, model);
  return machine === null ? describeDesktopTarget(desktop, model) : describeMachineTarget(machine, model);
}

export function mayUseDesktop(
  viewer: Viewer,
  desktop: DesktopView,
  model: ReadModel,
  level: AccessLevel,
): boolean {
  return includesLevel(desktopAccess(viewer, desktop, model), level);
}

/** What only the owner may see, administrators may not see either. */
export function ownsMachine({ userId }: Requester, { ownerId }: Pick<MachineRecord, "ownerId">): boolean {
  return ownerId === userId;
}

export function describeMachineTarget(
  { id, name, agentId }: PlacedMachine,
  model: NamesAndLabels,
): RightsTarget {
  const { agentNames, labels, machineDesktops } = model;
  const agentName = agentId === null ? null : (agentNames.get(agentId) ?? null);
  const labelled = [...(machineDesktops.get(id) ?? []).map((desktop) => desktop.id), agentId ?? ""];
  return { name, agentId, agentName, labels: labelled.flatMap((one) => labels.get(one) ?? []) };
}

function describeDesktopTarget(
  { id, name, agentId, agentName }: DesktopView,
  { labels }: ReadModel,
): RightsTarget {
  return { name, agentId, agentName, labels: [id, agentId].flatMap((one) => labels.get(one) ?? []) };
}

function judge({ role, rights }: Viewer, isOwner: boolean, target: () => RightsTarget): AccessLevel | null {
  if (rights !== null) return rights.judge(target(), isOwner);
  return isOwner || role === "admin" ? "manage" : null;
}
