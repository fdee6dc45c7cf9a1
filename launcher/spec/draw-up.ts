import { LaunchError, machineCreate, RequestError, type MachineCreate } from "../../protocol/index.ts";
import type { ImageEntry } from "../images/entry.ts";
import type { MachineSpec } from "./machine-spec.ts";

/** What the host can give, in whole numbers; memory in MiB. */
export interface HostRoom {
  readonly cpus: number;
  /** Free now, less what running machines were promised and have not touched yet. */
  readonly memoryMb: number;
}

/**
 * A request and a catalogue entry become a specification.
 * @throws RequestError `IMAGE_LIMIT` (less than the image needs)
 * @throws LaunchError `HOST_CPUS`, `HOST_MEMORY` (more than the host has)
 */
export function drawUpSpec(asked: MachineCreate, entry: ImageEntry, host: HostRoom): MachineSpec {
  const request = machineCreate.parse(asked);
  const cpus = request.cpus ?? entry.cpus.default;
  const memoryMb = request.memoryMb ?? entry.memoryMb.default;
  if (cpus < entry.cpus.min || memoryMb < entry.memoryMb.min) {
    const needs = `${entry.title} needs at least ${entry.cpus.min} CPU and ${entry.memoryMb.min} MiB of memory.`;
    throw new RequestError("IMAGE_LIMIT", needs, { safeMessage: needs });
  }
  checkRoom({ cpus, memoryMb }, host);
  return {
    id: request.id,
    name: request.name,
    image: entry.id,
    cpus,
    memoryMb,
    owner: request.owner,
    boot: entry.boot,
    arch: entry.arch,
    firmware: entry.firmware,
    diskGb: request.diskGb ?? entry.diskGb?.default,
    master: request.master,
    emptyDisk: request.emptyDisk,
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
  };
}

/** @throws LaunchError `HOST_CPUS`, `HOST_MEMORY` */
export function checkRoom(
  wanted: { readonly cpus: number; readonly memoryMb: number },
  host: HostRoom,
): void {
  if (wanted.cpus > host.cpus) {
    const text = `The machine asks for ${wanted.cpus} CPUs, and this host has ${host.cpus}. Ask for fewer.`;
    throw new LaunchError("HOST_CPUS", text, { safeMessage: text });
  }
  if (wanted.memoryMb > host.memoryMb) {
    const free = Math.max(0, host.memoryMb);
    const text =
      `The machine asks for ${wanted.memoryMb} MiB of memory, and this host has ${free} MiB to give. ` +
      "Stop another machine or ask for less.";
    throw new LaunchError("HOST_MEMORY", text, { safeMessage: text });
  }
}
