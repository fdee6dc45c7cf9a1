import type { HostFacts } from "../../protocol/index.ts";
import type { CandidateHost, Need, Rejection } from "./candidate.ts";

/** A disk with less free space than this is full. */
const LEAST_DISK_MB = 1024;

/** Null: it fits. */
export function checkHost(
  need: Need,
  { drained, reserved, image: offer, facts: known }: CandidateHost,
): Rejection | null {
  if (offer.kind === "noAnswer" || known.kind === "noAnswer")
    return { kind: "noAnswer", why: "does not answer" };
  // What changes by no wait is told first: of a machine that fits nowhere nobody waits for an image or for the end of a drain.
  const tooSmall = known.kind === "known" ? checkSize(need, known.facts) : null;
  if (tooSmall !== null) return tooSmall;
  if (offer.kind === "notOffered") return notNow("does not offer the image");
  const { image, fetch } = offer;
  if (!image.available) return notNow(image.reason ?? "has not got the image's file");
  if (reserved === true) return notNow("is for others");
  if (drained) return notNow("takes no new machines");
  if (known.kind === "unsupported") return null;

  const { facts } = known;
  const { memoryMb: memory, instances, diskMb, gpus } = facts;
  if (memory.free < need.memoryMb)
    return notNow(`memory ${gigabytes(memory.free)} of ${gigabytes(memory.total)} GB free`);
  if (instances.running >= instances.max)
    return notNow(`${instances.running} of ${instances.max} machines run`);
  const isFree = gpus.some(({ mode, free }) => mode === need.gpu && free);
  if (need.gpu !== "none" && !isFree) return notNow("its GPUs are in use");
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

function checkSize(need: Need, { cpus, memoryMb, gpus }: HostFacts): Rejection | null {
  if (cpus < need.cpus) return never(`${cpus} CPUs in all`);
  if (memoryMb.total < need.memoryMb) return never(`memory ${gigabytes(memoryMb.total)} GB in all`);
  if (need.gpu !== "none" && !gpus.some(({ mode }) => mode === need.gpu)) return never("no such GPU");
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
