import { machineDesktopNames, machineTraits } from "../../../protocol/index.ts";
import {
  includesLevel,
  type AccessLevel,
  type DesktopView,
  type MachineRecord,
} from "../../../proxy/index.ts";
import type { Desktop, Machine } from "../../api/schemas.ts";
import { isAwaitingImage } from "../../../orchestrator/index.ts";
import { hasPower } from "../guard/powers.ts";
import { ownsMachine, type Requester } from "./permissions.ts";
import { pseudonymOf } from "./pseudonym.ts";
import type { ReadModel } from "./read-model.ts";

/** Who is shown something, and how far their right to it goes. */
interface Reader extends Requester {
  readonly access: AccessLevel;
}

/** Only those who oversee the server learn where a machine runs; who may see it and no more gets its name and state. */
export function serializeMachine(viewer: Reader, record: MachineRecord, model: ReadModel): Machine {
  const screens = model.machineDesktops.get(record.id) ?? [];
  const seesHosts = hasPower(viewer, "oversee");
  const seesParts = seesHosts || includesLevel(viewer.access, "view");
  const host = record.agentId === null ? null : (model.agentNames.get(record.agentId) ?? null);
  return {
    ...machineTraits.parse(record),
    id: record.id,
    name: record.name,
    image: record.image,
    imageTitle: model.imageTitle(record.image),
    owner: nameOwner(viewer, record, model),
    access: viewer.access,
    state: record.state,
    reachable: record.agentId === null || model.canAskHost(record.agentId),
    reason: record.reason,
    cause: record.cause,
    accel: record.accel,
    cpus: seesParts ? record.cpus : null,
    memoryMb: seesParts ? record.memoryMb : null,
    ...serializeOptions(record),
    ...(seesParts ? {} : { diskGb: null, dataDisk: null }),
    ...serializeTimes(record),
    ...(isAwaitingImage(record) ? { fetching: true } : {}),
    ...serializeAddresses(seesParts ? model.guestAddresses(record.id) : []),
    tried: (seesParts ? record.tried : []).map(({ host: name, why }) => ({
      host: seesHosts ? name : null,
      why,
    })),
    credential: ownsMachine(viewer, record) && model.takesScripts(record.image),
    createdAt: record.createdAt,
    since: record.since,
    ...serializeDisplays(record, screens),
    host: seesHosts ? host : null,
    viewers: screens.reduce((sum, { id }) => sum + (model.viewers.get(id) ?? 0), 0),
  };
}

function nameOwner(viewer: Requester, record: MachineRecord, model: ReadModel): string {
  if (!ownsMachine(viewer, record) && !hasPower(viewer, "oversee")) return pseudonymOf(record.ownerId);
  return model.userNames.get(record.ownerId) ?? "";
}

/** The first screen has the machine's name; the others have numbers behind it. */
function serializeDisplays({ name, wish }: MachineRecord, screens: readonly DesktopView[]) {
  const find = (wanted: string): DesktopView | undefined =>
    screens.find((screen) => screen.name === wanted && screen.state === "online");
  return {
    desktop: name,
    desktopId: find(name)?.id ?? null,
    screens: machineDesktopNames({ name, monitors: wish.monitors }).flatMap((desktop, index) => {
      const found = index === 0 ? undefined : find(desktop);
      return found === undefined ? [] : [{ number: index + 1, desktop, desktopId: found.id }];
    }),
  };
}

function serializeOptions({ wish, lifetimeMs }: MachineRecord) {
  return {
    diskGb: wish.diskGb ?? null,
    dataDisk: wish.dataDisk?.name ?? null,
    gpu: wish.gpu,
    network: wish.network ?? null,
    display: wish.display ?? null,
    keymap: wish.keymap ?? null,
    master: wish.master,
    lifetimeSeconds: lifetimeMs === null ? null : lifetimeMs / 1000,
  };
}

function serializeAddresses(addresses: readonly string[]) {
  return addresses.length === 0 ? {} : { addresses: [...addresses] };
}

function serializeTimes({ expiresAt, warnedAt, ending, saved, powerOffAt, progress }: MachineRecord) {
  return { expiresAt, expiresSoon: warnedAt !== null, ending: ending !== null, saved, powerOffAt, progress };
}

/** An agent's name names the host it runs on, so users get it empty. */
export function serializeDesktop(viewer: Reader, desktop: DesktopView, model: ReadModel): Desktop {
  return {
    id: desktop.id,
    name: desktop.name,
    agent: { id: desktop.agentId, name: hasPower(viewer, "oversee") ? desktop.agentName : "" },
    machineId: desktop.machineId,
    state: desktop.state,
    access: viewer.access,
    viewers: model.viewers.get(desktop.id) ?? 0,
  };
}
