import {
  machineCreate,
  networkKind,
  RequestError,
  resolveHardware,
  type MachineCreate,
  type ImageEntry,
} from "../../protocol/index.ts";
import { makeMacAddress } from "./mac-address.ts";
import { hasAdapter, maxMonitors } from "./display-adapters.ts";
import type { MachineSpec } from "./machine-spec.ts";

/**
 * A request and a catalogue entry become a specification.
 * @param leastDiskGb the image's own size, where it is known: less cannot be had, and would be counted
 * @throws RequestError `IMAGE_LIMIT` with what the image needs or does not allow
 */
export function createMachineSpec(
  asked: MachineCreate,
  entry: ImageEntry,
  leastDiskGb?: number,
): MachineSpec {
  const request = machineCreate.parse(asked);
  const diskGb = request.diskGb ?? entry.diskGb?.default;
  const spec: MachineSpec = {
    id: request.id,
    name: request.name,
    image: entry.id,
    cpus: request.cpus ?? entry.cpus.default,
    memoryMb: request.memoryMb ?? entry.memoryMb.default,
    owner: request.owner,
    boot: entry.boot,
    arch: entry.arch,
    firmware: entry.firmware,
    diskGb,
    master: request.master,
    // A size is asked for, and counted, so there is a disk of that size.
    emptyDisk: request.emptyDisk || (entry.boot.kind !== "disk" && diskGb !== undefined),
    dataDisk: request.dataDisk,
    display: request.display ?? entry.display,
    monitors: request.monitors,
    keymap: request.keymap ?? entry.keymap,
    screen: entry.screen,
    network: request.network ?? entry.network,
    guest: entry.guest,
    scriptRoute: entry.script,
    scripts: request.script === undefined ? entry.scripts : [...entry.scripts, request.script],
    shares: entry.shares,
    gpu: request.gpu,
    hideKvm: entry.hideKvm,
    hardware: resolveHardware(entry.hardware),
    mac: makeMacAddress(request.id),
    extraDisks: entry.extraDisks,
    extraCd: entry.extraCd,
    qemuArgs: entry.qemuArgs,
  };
  const fault = findLimitFault(spec, entry) ?? findSizeFault(request.diskGb, leastDiskGb);
  if (fault !== null) {
    const text = `${entry.title} ${fault}`;
    throw RequestError.public("IMAGE_LIMIT", text);
  }
  return spec;
}

function findSizeFault(askedGb: number | undefined, leastGb: number | undefined): string | null {
  if (askedGb === undefined || leastGb === undefined || askedGb >= leastGb) return null;
  return `needs a disk of at least ${leastGb} GB.`;
}

function findLimitFault(spec: MachineSpec, entry: ImageEntry): string | null {
  if (spec.cpus < entry.cpus.min || spec.memoryMb < entry.memoryMb.min)
    return `needs at least ${entry.cpus.min} CPU and ${entry.memoryMb.min} MiB of memory.`;
  if (entry.diskGb !== undefined && (spec.diskGb ?? 0) < entry.diskGb.min)
    return `needs a disk of at least ${entry.diskGb.min} GB.`;
  if (!hasAdapter(spec.arch, spec.display) || ![entry.display, ...entry.displays].includes(spec.display))
    return `does not go with the display adapter ${spec.display}.`;
  if (spec.monitors > maxMonitors(spec.display))
    return `has ${maxMonitors(spec.display)} monitor with the display adapter ${spec.display}.`;
  if (networkKind.options.indexOf(spec.network) > networkKind.options.indexOf(entry.network))
    return `may have the network "${entry.network}" at most.`;
  if (spec.gpu !== "none" && spec.arch === "x86_64" && spec.hardware.board !== "q35")
    return `has the board ${spec.hardware.board}, which takes no GPU.`;
  if (spec.emptyDisk && spec.boot.kind === "disk") return "is a disk already and takes no empty one.";
  if (spec.master && spec.boot.kind !== "disk") return "is no disk that could be worked on itself.";
  if (spec.master && (spec.extraDisks?.length ?? 0) > 0) return "has several disks, and is not changed here.";
  if (spec.master && entry.source?.server === true) return "comes from the server, and is not changed here.";
  return null;
}

type BootedFromImage = Pick<MachineSpec, "boot" | "master" | "extraDisks">;

/** The files beneath a machine's disks. An ISO is only read, and by nobody changed. */
function listBases({ boot, extraDisks = [] }: BootedFromImage): readonly string[] {
  return boot.kind === "disk" ? [boot.file, ...extraDisks.map(({ file }) => file)] : [];
}

/**
 * Why a machine may not use its image together with the machines that exist; null: it may. A machine that writes to an
 * image must be its only user: overlays would no longer fit, even those of machines that are off.
 */
export function findBaseImageConflict(
  wanted: BootedFromImage,
  others: readonly BootedFromImage[],
): string | null {
  const bases = new Set(listBases(wanted));
  const sharers = others.filter((other) => listBases(other).some((file) => bases.has(file)));
  if (sharers.some((one) => one.master))
    return "Another machine works on this image itself. Delete that machine first.";
  if (wanted.master && sharers.length > 0)
    return "Other machines are based on this image, so nobody may change it. Delete them first.";
  return null;
}

/**
 * Checks a machine against the others of its host.
 * @throws RequestError `IMAGE_IN_USE`
 */
export function checkMachineSpec(spec: MachineSpec, others: readonly MachineSpec[]): void {
  const conflict = findBaseImageConflict(spec, others);
  if (conflict !== null) throw RequestError.public("IMAGE_IN_USE", conflict);
}
