import type { CandidateHost, Need, Rejection } from "./candidate.ts";

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

function notNow(why: string): Rejection {
  return { kind: "notNow", why };
}

function never(why: string): Rejection {
  return { kind: "never", why };
}

function gigabytes(megabytes: number): string {
  return String(Number((megabytes / 1024).toFixed(1)));
}
