import type { DiskRef, ImageSummary, MachineCause } from "../../protocol/index.ts";
import type { MachineOptions } from "../../proxy/index.ts";
import type { ImageContent } from "../images/index.ts";
import type { KnownHostFacts } from "../hosts/host-facts-cache.ts";

/** A machine's data disk. */
export interface NeededDisk extends DiskRef {
  /** Where it lies; null: nowhere yet. */
  readonly hostId: string | null;
  /** Why no host can have the machine before something has become of the disk; null: any host can. */
  readonly wait: DiskWait | null;
}

/** What a machine's owner is told. */
export interface StatusReason {
  readonly reason: string;
  /** Null: the sentence is a host's own. */
  readonly cause: MachineCause | null;
}

export interface DiskWait {
  /** For the machine's owner; null: another server says it. */
  readonly said: StatusReason | null;
  /** How much of it has arrived, 0 to 1. */
  readonly progress: number | null;
}

/** What a machine needs of a host; 0: the image's own number, which its host knows. */
export interface Need {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly gpu: MachineOptions["gpu"];
  readonly dataDisk: NeededDisk | null;
}

/** How a host comes to the server's image: `here`: it has it, `coming`: it is on its way there. */
export interface ImageFetch {
  readonly content: ImageContent;
  readonly state: "here" | "coming" | "lacking";
}

/** A host that is connected here. */
export interface CandidateHost {
  readonly id: string;
  readonly name: string;
  readonly drained: boolean;
  /** Null: it does not offer the image. */
  readonly image: ImageSummary | "silent" | null;
  /** Absent: the image is the host's own. */
  readonly fetch?: ImageFetch;
  readonly facts: KnownHostFacts;
  /** Machines that are known to be there and not off. */
  readonly placed: number;
}

/** Why a host cannot take a machine, and whether it could at another time. */
export interface Rejection {
  readonly permanent: boolean;
  readonly why: string;
}

/** A disk with less room than this is full. */
const LEAST_DISK_MB = 1024;

/** Null: it fits. */
export function checkHost(need: Need, { drained, image, fetch, facts }: CandidateHost): Rejection | null {
  if (image === "silent" || facts === "silent") return notNow("does not answer");
  if (image === null) return notNow("does not offer the image");
  if (!image.available) return notNow(image.reason ?? "has not got the image's file");
  if (drained) return notNow("takes no new machines");
  if (facts === "unknown") return null;

  const { memoryMb: memory, instances, diskMb, gpus } = facts;
  if (facts.cpus < need.cpus) return permanently(`${facts.cpus} CPUs in all`);
  if (memory.total < need.memoryMb) return permanently(`memory ${gigabytes(memory.total)} GB in all`);
  const fitting = gpus.filter(({ mode }) => mode === need.gpu);
  if (need.gpu !== "none" && fitting.length === 0) return permanently("no such GPU");
  if (memory.free < need.memoryMb)
    return notNow(`memory ${gigabytes(memory.free)} of ${gigabytes(memory.total)} GB free`);
  if (instances.running >= instances.max)
    return notNow(`${instances.running} of ${instances.max} machines run`);
  if (need.gpu !== "none" && !fitting.some(({ free }) => free)) return notNow("its GPUs are in use");
  if (diskMb.free < LEAST_DISK_MB)
    return notNow(`disk ${gigabytes(diskMb.free)} of ${gigabytes(diskMb.total)} GB free`);
  if (fetch?.state === "lacking") {
    const sizeMb = Math.ceil(fetch.content.bytes / 1_048_576);
    const roomMb = facts.serverImagesMb ?? 0;
    if (roomMb < sizeMb)
      return notNow(`the image has ${gigabytes(sizeMb)} GB, and ${gigabytes(roomMb)} GB are left for it`);
  }
  return null;
}

/**
 * Hosts that fit, the best first: where the data disk lies, then where the image is or will be soonest, then one that says what it has, then one without a GPU
 * that others may want, then the one that keeps the largest share of its memory free, then the least load.
 */
export function rankHosts(need: Need, hosts: readonly CandidateHost[]): CandidateHost[] {
  const keys = new Map(hosts.map((host) => [host.id, rankKey(need, host)]));
  const keyOf = (host: CandidateHost): readonly number[] => keys.get(host.id) ?? [];
  return [...hosts].sort((a, b) => compare(keyOf(a), keyOf(b)) || a.name.localeCompare(b.name));
}

const DISTANCE: Readonly<Record<ImageFetch["state"], number>> = { here: 0, coming: 1, lacking: 2 };

function rankKey(need: Need, { id, facts, fetch, placed }: CandidateHost): number[] {
  const diskElsewhere = need.dataDisk?.hostId === id ? 0 : 1;
  const distance = DISTANCE[fetch?.state ?? "here"];
  if (typeof facts === "string") return [diskElsewhere, distance, 1, 0, 0, 0, placed];
  const { memoryMb: memory } = facts;
  const gpuWasted = need.gpu === "none" && facts.gpus.some(({ free }) => free) ? 1 : 0;
  const used = 1 - (memory.free - need.memoryMb) / Math.max(1, memory.total);
  // In steps: a few megabytes decide nothing.
  return [diskElsewhere, distance, 0, gpuWasted, Math.round(used * 20), Math.round(facts.load * 4), placed];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function notNow(why: string): Rejection {
  return { permanent: false, why };
}

function permanently(why: string): Rejection {
  return { permanent: true, why };
}

function gigabytes(megabytes: number): string {
  return String(Number((megabytes / 1024).toFixed(1)));
}
