import type { CandidateHost, ImageFetch, Need, Rejection } from "./candidate.ts";

/** A disk with less free space than this is full. */
const LEAST_DISK_MB = 1024;

/** Null: it fits. */
export function checkHost(
  need: Need,
  { drained, image: offer, facts: known }: CandidateHost,
): Rejection | null {
  if (offer.kind === "noAnswer" || known.kind === "noAnswer")
    return { kind: "noAnswer", why: "does not answer" };
  if (offer.kind === "notOffered") return notNow("does not offer the image");
  const { image, fetch } = offer;
  if (!image.available) return notNow(image.reason ?? "has not got the image's file");
  if (drained) return notNow("takes no new machines");
  if (known.kind === "unsupported") return null;

  const { facts } = known;
  const { memoryMb: memory, instances, diskMb, gpus } = facts;
  if (facts.cpus < need.cpus) return never(`${facts.cpus} CPUs in all`);
  if (memory.total < need.memoryMb) return never(`memory ${gigabytes(memory.total)} GB in all`);
  const fitting = gpus.filter(({ mode }) => mode === need.gpu);
  if (need.gpu !== "none" && fitting.length === 0) return never("no such GPU");
  if (memory.free < need.memoryMb)
    return notNow(`memory ${gigabytes(memory.free)} of ${gigabytes(memory.total)} GB free`);
  if (instances.running >= instances.max)
    return notNow(`${instances.running} of ${instances.max} machines run`);
  if (need.gpu !== "none" && !fitting.some(({ free }) => free)) return notNow("its GPUs are in use");
  if (diskMb.free < LEAST_DISK_MB)
    return notNow(`disk ${gigabytes(diskMb.free)} of ${gigabytes(diskMb.total)} GB free`);
  if (fetch?.state === "lacking") {
    const sizeMb = Math.ceil(fetch.content.bytes / 1_048_576);
    const freeMb = facts.serverImagesMb ?? 0;
    if (freeMb < sizeMb)
      return notNow(`the image has ${gigabytes(sizeMb)} GB, and ${gigabytes(freeMb)} GB are left for it`);
  }
  return null;
}

/**
 * Hosts that fit, the best first: where the data disk is, then where the image is or will be soonest, then hosts with
 * known facts, then one without a GPU that others may need, then the largest share of free memory, then the least load.
 */
export function rankHosts(need: Need, hosts: readonly CandidateHost[]): CandidateHost[] {
  const keys = new Map(hosts.map((host) => [host.id, rankKey(need, host)]));
  const keyOf = (host: CandidateHost): readonly number[] => keys.get(host.id) ?? [];
  return [...hosts].sort((a, b) => compare(keyOf(a), keyOf(b)) || a.name.localeCompare(b.name));
}

const DISTANCE: Readonly<Record<ImageFetch["state"], number>> = { here: 0, coming: 1, lacking: 2 };

function rankKey(need: Need, { id, facts: known, image, placed }: CandidateHost): number[] {
  const diskElsewhere = need.dataDisk?.hostId === id ? 0 : 1;
  const fetch = image.kind === "offered" ? image.fetch : null;
  const distance = DISTANCE[fetch?.state ?? "here"];
  if (known.kind !== "known") return [diskElsewhere, distance, 1, 0, 0, 0, placed];
  const { memoryMb: memory, gpus, load } = known.facts;
  const gpuWasted = need.gpu === "none" && gpus.some(({ free }) => free) ? 1 : 0;
  const used = 1 - (memory.free - need.memoryMb) / Math.max(1, memory.total);
  // In steps: small differences must not decide.
  return [diskElsewhere, distance, 0, gpuWasted, Math.round(used * 20), Math.round(load * 4), placed];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function notNow(why: string): Rejection {
  return { kind: "notNow", why };
}

function never(why: string): Rejection {
  return { kind: "never", why };
}

function gigabytes(megabytes: number): string {
  return String(Number((megabytes / 1024).toFixed(1)));
}
